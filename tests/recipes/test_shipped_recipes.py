"""The recipes' shipped data: packed, read again, added up, and what a policy gains."""

import pytest

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.evaluation import make_recipe_data, make_recipe_figure
from tts_playground.experiments.recipes import shipped
from tts_playground.experiments.recipes.completed import CompletedProblem
from tts_playground.figures.recipes import recipes, recipes_by_level


def problem(right: list[bool], scores: list[float], level: int = 1, spent: int = 0) -> CompletedProblem:
    texts = tuple(f"\\boxed{{{5 if one else 7 + place}}}" for place, one in enumerate(right))
    return CompletedProblem("2 + 3?", "5", level, texts, tuple((0.5, one) for one in scores), (10,) * len(right), spent)


@pytest.fixture
def folder(tmp_path):
    rows = []
    for number in range(12):
        hard = number % 2 == 1
        best = [True, True, True, True] if not hard else [True, False, False, False]
        name = f"p{number}"
        level = 1 + hard
        rows.append(shipped.row_of("best_of_n", 4, name, problem(best, [0.2, 0.9, 0.3, 0.4], level)))
        found = [True] * 4 if hard else [False] * 4
        rows.append(shipped.row_of("beam_search", 4, name, problem(found, [0.9] * 4, level, spent=40)))
    shipped.write(rows, [{"problem": "2 + 3?"}], tmp_path)
    return tmp_path


def test_what_was_written_is_read(folder):
    rows = shipped.rows(folder)
    assert len(rows) == 24 and shipped.there(folder) and not shipped.there(folder / "elsewhere")
    easy, beam = rows[0], rows[1]
    assert easy.sizes == (1, 2, 4) and easy.tokens == (10, 20, 40) and easy.ease == 1
    assert beam.sizes == (4,) and beam.right["weighted"] == (0.0,)
    assert easy.promise == pytest.approx((0.2 + 0.9 + 0.3 + 0.4) / 4, abs=1e-3)


def test_points_are_means_over_problems(folder):
    found = {(one.approach, one.n): one for one in shipped.points(shipped.rows(folder))}
    assert set(found) == {("best_of_n", 1), ("best_of_n", 2), ("best_of_n", 4), ("beam_search", 4)}
    assert found["best_of_n", 1].value.value == pytest.approx((1 + 0.25) / 2)
    assert found["beam_search", 4].value.value == pytest.approx(0.5) and found["beam_search", 4].tokens == 40
    hard = {(one.approach, one.n): one.value.value for one in shipped.points(shipped.rows(folder), level=2)}
    assert hard["beam_search", 4] == 1 and hard["best_of_n", 1] == pytest.approx(0.25)


def test_the_policy_takes_what_is_best_for_each_difficulty(folder):
    found = shipped.policy(shipped.rows(folder), oracle=True, bins=2)
    assert found.policy.choose(1.0, 4) == "best_of_n" and found.policy.choose(0.25, 4) == "beam_search"
    (gain,) = found.gains
    assert gain.baseline.value == pytest.approx(0.5) and gain.gain.value > 0.1


def test_both_figures_become_files_that_say_how_many_problems_they_are_of(folder, tmp_path):
    for file in make_recipe_figure.draw(tmp_path, folder, ".html"):
        assert "on 12 problems of math-eval, weighted vote" in file.read_text()


def test_what_ships_is_whole_and_balanced():
    rows = shipped.rows()
    names = {row.unique_id for row in rows}
    runs = {("best_of_n", 256), ("dvts", 64), *((a, n) for a in ("beam_search", "rebase", "mcts") for n in (4, 16, 64))}
    assert {(row.approach, row.n) for row in rows} == runs and len(rows) == len(names) * len(runs)
    levels = [row.level for row in rows if row.approach == "dvts"]
    assert len({levels.count(level) for level in range(1, 6)}) == 1 and len(names) >= 500


def test_figures_show_every_approach(folder):
    rows = shipped.rows(folder)
    figure = recipes(shipped.points(rows))
    assert [one.name for one in figure.data if one.name] == ["best of N", "beam search"]
    assert {one.mode for one in figure.data if one.fill} <= {"lines"}, "a band has no marks"
    panels = recipes_by_level({level: shipped.points(rows, level=level) for level in (1, 2, 3)})
    assert [one.text for one in panels.layout.annotations] == ["level 1", "level 2"]


def test_without_the_data_one_sentence_says_how_to_draw_it(tmp_path):
    with pytest.raises(ModelUnavailable, match="make_recipe_data"):
        shipped.rows(tmp_path)


@pytest.mark.parametrize("text", ["", "3", "0/2", "3/2", "1/501", "a/b", "-1/2"])
def test_parts_that_are_none(text):
    with pytest.raises(BadInput, match="2/8"):
        make_recipe_data.part_of(text)


def test_drawing_in_parts_and_packing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_recipe_data, "JOBS", (("best_of_n", 4), ("beam_search", 4), ("dvts", 4)))
    monkeypatch.setattr(make_recipe_data, "PROBLEMS", 2)
    assert make_recipe_data.main([str(tmp_path / "drawn"), "--part", "1/2", "--device", "cpu"]) == 0
    assert make_recipe_data.main([str(tmp_path / "drawn"), "--pack", str(tmp_path / "out")]) == 2
    assert "1 of 2 problems" in capsys.readouterr().err
    assert make_recipe_data.main([str(tmp_path / "drawn"), "--pack", str(tmp_path / "less"), "--problems", "1"]) == 0
    assert len({row.unique_id for row in shipped.rows(tmp_path / "less")}) == 1
    assert make_recipe_data.main([str(tmp_path / "drawn"), "--part", "2/2", "--device", "cpu"]) == 0
    assert make_recipe_data.main([str(tmp_path / "drawn"), "--pack", str(tmp_path / "out")]) == 0
    rows = shipped.rows(tmp_path / "out")
    assert len(rows) == 6 and len({row.unique_id for row in rows}) == 2
    assert {row.sizes for row in rows if row.approach == "dvts"} == {(4,)}
    # what was packed before stays beside what was drawn since, elsewhere
    for job in (tmp_path / "drawn").iterdir():
        (tmp_path / "since" / job.name).mkdir(parents=True)
        (job / "001").rename(tmp_path / "since" / job.name / "001")
    assert make_recipe_data.main([str(tmp_path / "since"), "--pack", str(tmp_path / "less")]) == 0
    for name in (shipped.FILE, shipped.TEXT_FILE):
        assert (tmp_path / "less" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()

"""Evolution: exact sizes, barred pictures, lineage, resuming, and the same data set from the same plan."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground.dsl import generate, mask, parse, render
from tts_playground.dsl.edits import length
from tts_playground.errors import BadInput, CannotDo, StoreError
from tts_playground.evolve import checkpoint
from tts_playground.evolve.evolution import SEEDS, EvolutionPlan, begin, evolve, run
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.fitness import Fitness, Gallery
from tts_playground.evolve.rows import dataset, hand_written, read, texts_of
from tts_playground.evolve.variation import VARIATIONS, Child, TreeMutator, random_primitive
from tts_playground.randomness import generator


@pytest.mark.parametrize("how", VARIATIONS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 5000))
def test_every_variation_makes_programs(how, seed):
    rng = generator(seed, "variation")
    first, second = (generate(seed, i).root for i in (0, 1))
    child = VARIATIONS[how](first, second, rng)
    if child is not None:
        from tts_playground.dsl.tree import Program

        assert parse(str(Program(child))).root == child and length(child) >= 1
    assert child is not None or how in ("shrink", "switch")


def test_a_mutator_keeps_its_bound_and_repeats_itself():
    parents = [generate(1, 0), generate(1, 1)]
    for n in range(60):
        (child,) = TreeMutator(most=4).vary(parents, generator(n, "m"))
        assert len(parse(child.text)) <= max(4, len(parents[0]))
        assert TreeMutator(most=4).vary(parents, generator(n, "m")) == [child]


@pytest.mark.parametrize(
    "plan", [EvolutionPlan(size=60), EvolutionPlan(size=40, fitness=Fitness()), EvolutionPlan(size=40, generated=20)]
)
def test_exactly_as_many_rows_all_drawable_none_twice(plan):
    texts = [member.text for member in run(plan).kept()]
    assert len(texts) == plan.size == len(set(texts))
    for text in texts:
        render(text)
    if plan.fitness:
        gallery = Gallery()
        for text in texts:
            assert not plan.fitness.complaint(parse(text)) and gallery.distance(parse(text)) >= plan.fitness.novelty
            gallery.add(parse(text))


def test_same_plan_same_data_set():
    first, again, other = (run(EvolutionPlan(size=50, seed=seed)).kept() for seed in (1, 1, 2))
    assert first == again and [m.text for m in first] != [m.text for m in other]


class Parrot:
    """Says the same few texts for ever, then something new."""

    name, shown = "parrot", 1

    def __init__(self, *texts):
        self.texts = texts

    def vary(self, parents, rng, hint=""):
        fresh = f"(Circle {rng.integers(1, 8)} {rng.integers(2, 14)} {rng.integers(2, 14)})"
        return [Child(text, (0,), "parrot") for text in (*self.texts, fresh)]


BARRED = ["(- (Quad 8 8 8 8 0) (Circle 3 8 8))", "(Quad 5 5 4 6 45)", "(+ (Circle 3 4 4) (Circle 3 12 12))"]
DISGUISES = [
    "( -  (Quad 8 8 8 8 0)\n(Circle 3 8 8) )",
    "(- (Quad 8 8 8 8 180) (Circle 3 8 8))",
    "(- (Quad 8 8 8 8 90) (Circle 3 8 8) (Circle 1 8 8))",
    "(Quad 5 5 6 4 135)",
    "(+ (Circle 3 12 12) (Circle 3 4 4))",
    "(+ (Circle 3 12 12) (+ (Circle 3 4 4) (Circle 1 4 4)))",
]


def test_barred_programs_never_enter_in_any_disguise():
    population = run(EvolutionPlan(size=30), BARRED, Parrot(*BARRED, *DISGUISES))
    rasters = {mask(parse(text)).tobytes() for text in BARRED}
    assert len(population.kept()) == 30
    assert not [m.text for m in population.members if mask(parse(m.text)).tobytes() in rasters]
    assert population.rejected["barred"] > 30
    assert SEEDS[1] not in {m.text for m in population.members}  # a barred seed stays out too
    assert not {mask(parse(t)).tobytes() for t in hand_written(BARRED, 50)} & rasters


def test_a_barred_text_that_does_not_parse_bars_nothing_else():
    assert parse("(Circle 3 8 8)") not in Barred(["nonsense"]) and parse("(Circle 3 8 8)") in Barred(["(Circle 3 8 8)"])


def test_what_cannot_be_drawn_is_turned_away():
    population = run(EvolutionPlan(size=25), (), Parrot("no program", "(Circle 99 1 1)"))
    assert population.rejected["does not parse"] >= 30 and len(population.kept()) == 25


def test_lineage_leads_back_to_a_start():
    population = run(EvolutionPlan(size=80, seed=4))
    for member in population.members:
        assert (member.how in ("seed", "generator")) == (not member.parents)
        assert all(parent < member.number for parent in member.parents)


def test_hybrid_start_comes_from_the_generator():
    found = Counter(m.how for m in run(EvolutionPlan(size=30, generated=15)).kept())
    assert found["seed"] == 5 and found["generator"] == 15


def test_a_killed_evolution_goes_on_where_it_was(tmp_path):
    plan = EvolutionPlan(size=40, fitness=Fitness(), seed=3)
    whole = checkpoint.open_folder(tmp_path / "whole", plan, BARRED, resume=False)
    for _ in whole.generations():
        pass
    broken = checkpoint.open_folder(tmp_path / "broken", plan, BARRED, resume=False)
    for number, _ in enumerate(broken.generations()):
        if number == 1:
            break
    lineage = tmp_path / "broken" / checkpoint.LINEAGE
    lineage.write_text(lineage.read_text() + '{"number": 999, "te')  # killed while writing
    resumed = checkpoint.open_folder(tmp_path / "broken", plan, BARRED, resume=True)
    assert 5 < len(resumed.population.members) < len(whole.population.members)
    for _ in resumed.generations():
        pass
    assert resumed.population.members == whole.population.members
    assert checkpoint.lineage(tmp_path / "broken") == whole.population.members
    assert texts_of(read(tmp_path / "broken")) == [m.text for m in whole.population.kept()]


def test_a_folder_is_never_mixed_or_overwritten(tmp_path):
    plan = EvolutionPlan(size=8)
    for _ in checkpoint.open_folder(tmp_path, plan, resume=False).generations():
        pass
    with pytest.raises(BadInput, match="holds an evolution already"):
        checkpoint.open_folder(tmp_path, plan, resume=False)
    with pytest.raises(BadInput, match="another plan"):
        checkpoint.open_folder(tmp_path, EvolutionPlan(size=9), resume=True)
    (tmp_path / checkpoint.LINEAGE).write_text("rubbish\n")
    with pytest.raises(StoreError, match="damaged"):
        checkpoint.open_folder(tmp_path, plan, resume=True)


def test_a_mutator_that_brings_nothing_new_ends_in_a_sentence():
    class Stuck(Parrot):
        def vary(self, parents, rng, hint=""):
            return [Child("nonsense", (0,), "stuck")]

    with pytest.raises(CannotDo, match="does not parse"):
        run(EvolutionPlan(size=20), (), Stuck())


@pytest.mark.parametrize("bad", [{"size": 0}, {"generated": 501}, {"surplus": 0.5}, {"seeds": ()}])
def test_bad_plans_are_refused(bad):
    with pytest.raises(BadInput):
        EvolutionPlan(**bad)


def test_every_seed_barred_is_a_sentence():
    with pytest.raises(BadInput, match="Every seed"):
        begin(EvolutionPlan(), SEEDS)


def test_reports_add_up():
    population = begin(EvolutionPlan(size=100))
    reports = list(evolve(population))
    assert reports[-1].done and not any(r.done for r in reports[:-1])
    assert [m for r in reports for m in r.new] == population.members


def test_a_data_set_keeps_its_pictures():
    rows = dataset(["(Circle 3 8 8)", random_text := str(parse(f"{SEEDS[2]}"))])
    assert rows.column_names == ["program", "image"] and len(rows) == 2
    assert np.array_equal(np.asarray(rows[1]["image"]), np.asarray(render(random_text)))


@pytest.mark.parametrize("ending", ["parquet", "json", "csv"])
def test_files_are_read_whatever_their_kind(tmp_path, ending):
    texts = list(SEEDS)
    rows = dataset(texts)
    plain = rows if ending == "parquet" else rows.remove_columns("image")
    getattr(plain, f"to_{ending}")(str(tmp_path / f"set.{ending}"))
    for place in (tmp_path, tmp_path / f"set.{ending}"):
        found = read(place)
        assert texts_of(found) == texts and found[0]["image"].size == (256, 256)


def test_what_is_no_data_set_is_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="has no .*no file that ends in"):
        read(tmp_path)
    with pytest.raises(BadInput, match="no file or folder"):
        read(tmp_path / "nowhere")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(BadInput, match="no column 'program'"):
        read(tmp_path)


def test_random_primitives_are_legal():
    from tts_playground.dsl.tree import Circle, Program, Quad

    drawn = [random_primitive(generator(n, "p")) for n in range(200)]
    assert {type(node) for node in drawn} == {Circle, Quad} and len(set(drawn)) > 150
    for node in drawn:
        assert parse(str(Program(node))) == Program(node)


def test_a_program_that_is_no_unicode_is_a_sentence(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    bad = pa.array([b"(Circle \xff 1 1)"], pa.binary())
    column = pa.Array.from_buffers(pa.string(), 1, bad.buffers())
    pq.write_table(pa.table({"program": column}), tmp_path / "rows.parquet")
    with pytest.raises(BadInput, match="Row 0 of .*it is damaged .*utf-8"):
        read(tmp_path / "rows.parquet")


def test_two_evolutions_do_not_write_into_one_folder(tmp_path):
    plan = EvolutionPlan(size=40, seed=3)
    first = checkpoint.open_folder(tmp_path, plan, BARRED, resume=False)
    reports = first.generations()
    next(reports)
    with pytest.raises(StoreError, match="another process"):
        checkpoint.open_folder(tmp_path, plan, BARRED, resume=True)
    for _ in reports:
        pass
    assert checkpoint.lineage(tmp_path) == first.population.members


TEXTS = ["(Circle 3 8 8)", "(Circle 4 8 8)"]
WRITTEN = {
    "lines.jsonl": "".join(json.dumps({"program": text, "note": 1}) + "\n" for text in TEXTS),
    "lines.json": "".join(json.dumps({"program": text}) + "\n\n" for text in TEXTS),
    "list.json": json.dumps([{"program": text} for text in TEXTS], indent=1),
    "columns.json": json.dumps({"program": TEXTS}),
    "loose.jsonl": json.dumps({"note": None, "program": TEXTS[0]}) + "\n" + json.dumps({"program": TEXTS[1]}),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_way_of_writing_rows_as_json_is_read(tmp_path, name):
    (tmp_path / name).write_text(WRITTEN[name])
    assert texts_of(read(tmp_path / name)) == TEXTS
    assert len(read(tmp_path)["image"]) == 2


def test_sets_of_programs_are_read_as_sets_of_questions_are(tmp_path):
    """Shards in order, splits, byte order marks, other encodings, pictures beside their table."""
    from PIL import Image

    for number, text in ((10, TEXTS[1]), (2, TEXTS[0])):
        dataset([text]).to_parquet(str(tmp_path / f"train-{number}-of-10.parquet"))
    dataset(["(Circle 1 1 1)"]).to_parquet(str(tmp_path / "test-0.parquet"))
    assert texts_of(read(tmp_path, "train")) == TEXTS and texts_of(read(tmp_path, "test")) == ["(Circle 1 1 1)"]
    assert texts_of(read(tmp_path)) == ["(Circle 1 1 1)", *TEXTS]
    table = tmp_path / "table"
    table.mkdir()
    (table / "rows.tsv").write_bytes("\ufeffprogram\timage\n(Circle 3 8 8)\tred.png\n(Circle 4 8 8)\t\n".encode())
    Image.new("RGB", (9, 9), "red").save(table / "red.png")
    found = read(table)
    assert texts_of(found) == TEXTS and [found[row]["image"].size for row in (0, 1)] == [(9, 9), (256, 256)]
    (table / "rows.tsv").write_text("program\timage\n(Circle 3 8 8)\t../red.png\n")
    with pytest.raises(BadInput, match=r"^Row 0 of .*does not lie below"):
        read(table)


@pytest.mark.parametrize("names", [["test", "train"], ["train"]])
def test_of_a_saved_dictionary_one_split_is_read(tmp_path, names):
    from datasets import DatasetDict

    DatasetDict({name: dataset([f"(Circle {len(name)} 8 8)"]) for name in names}).save_to_disk(str(tmp_path / "set"))
    assert texts_of(read(tmp_path / "set")) == [f"(Circle {len(names[0])} 8 8)"]
    assert texts_of(read(tmp_path / "set", "train")) == ["(Circle 5 8 8)"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "3", "[1]", '{"program": ["a"], "b": []}', '{"text": "a"}', "{\n{}\n"]
)
def test_json_that_holds_no_programs_is_a_sentence(tmp_path, text):
    (tmp_path / "rows.json").write_text(text)
    with pytest.raises(BadInput):
        read(tmp_path / "rows.json")


@pytest.mark.parametrize(
    ("line", "change"),
    [
        (-1, {"attempts": "x"}),
        (-1, {"attempts": -5}),
        (-1, {"attempts": 10**30}),
        (-1, {"attempts": None}),
        (-1, {"rejected": {"a": "b"}}),
        (0, {"number": "x"}),
        (0, {"number": -1}),
        (1, {"number": 0}),
        (0, {"parents": [99]}),
        (1, {"parents": ["0"]}),
        (1, {"parents": [[0]]}),
    ],
)
def test_a_lineage_that_makes_no_sense_is_damaged(tmp_path, line, change):
    plan = EvolutionPlan(size=4)
    checkpoint.open_folder(tmp_path, plan, BARRED, resume=False)
    file = tmp_path / checkpoint.LINEAGE
    rows = [json.loads(one) for one in file.read_text().splitlines()]
    rows[line] |= change
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(StoreError, match="is damaged"):
        checkpoint.open_folder(tmp_path, plan, BARRED, resume=True)

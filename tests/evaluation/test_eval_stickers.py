"""``eval stickers``: the whole way on tiny random checkpoints, and known truth through fakes of the real seams."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import tiny_world
from PIL import Image

from tts_playground.core import Cost, Sample, Verdict
from tts_playground.errors import BadInput
from tts_playground.evaluation import metrics, stickers
from tts_playground.evaluation import sticker_images as images_part
from tts_playground.evaluation import sticker_knobs as knobs_part
from tts_playground.evaluation import sticker_scenes as scenes_part
from tts_playground.evaluation.sticker_plan import StickerPlan
from tts_playground.models import loading
from tts_playground.samplers.image_tokens import ImageSettings
from tts_playground.verifiers.checks import check, truth
from tts_playground.verifiers.english import parse
from tts_playground.worlds.evalset import KINDS, cases
from tts_playground.worlds.layout import Draw, arrange
from tts_playground.worlds.pool import draw_pool
from tts_playground.worlds.scene import render_batch
from tts_playground.worlds.vocabulary import NAMES

pytestmark = pytest.mark.timeout(600)

SCENE_KEYS = {"clip_r1", "clip_hard", "det_count", "det_class", "det_color"}
KEYS = (
    {"vq_psnr", "vq_codes", "geneval_single", "geneval_oracle3", "geneval_clip3", "geneval_aesthetic3"}
    | {f"geneval_single_{kind}" for kind in KINDS}
    | SCENE_KEYS
    | {f"{key}_vq" for key in SCENE_KEYS}
)
CELLS = (
    *("cfg1", "cfg2", "cfg3", "cfg5", "cfg7.5", "cfg10", "cfg20", "cfg100"),
    *("t0.7", "t1", "t1.3", "t1.5", "t1.3_p0.9", "t1.3_p0.5"),
)
MORE = (
    {f"{what}_{reward}3_gain" for what in ("geneval", "looks") for reward in ("clip", "aesthetic")}
    | {
        f"judge_{what}_accept_{view}{kind}"
        for what in ("false", "true")
        for view in ("", "rendered_")
        for kind in KINDS
    }
    | {"geneval_single_detector2", "geneval_oracle3_detector2", "geneval_oracle3_confirmed", "best_cfg"}
    | {"geneval_single_cfg1", "geneval_cfg_gain", "geneval_single_hot", "geneval_hot_loss", "distinct_cold"}
    | {f"{what}{cfg}" for what in ("diversity", "entropy") for cfg in ("", "_cfg20", "_cfg20_loss")}
    | {f"{what}_{cell}" for what in ("geneval_single", "diversity", "entropy", "clip_score") for cell in CELLS}
    | {f"geneval_loss_{cell}" for cell in CELLS if cell != "t1"}
    | {f"geneval_clip3_{cell}_gain" for cell in ("t0.7", "t1", "t1.3")}
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    loading.forget()
    return tiny_world.save_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def options(folders):
    given = {name: folders[name] for name in ("clip", "detector", "detector2", "aesthetic")}
    return given | {"model": folders["janus"], "n": 3, "prompts": 6, "scenes": 40, "device": "cpu"}


@pytest.fixture(scope="module")
def result(options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images_part, "SIDE_EACH", 2)
        return stickers.run(card=True, **options)


def test_every_number_is_there_with_an_ordered_interval(result):
    measured = result["metrics"]
    where_passes_vary = {"clip_rank_mean", "clip_rank_picked"}
    assert {key for key in measured if not key.startswith("det2_")} - where_passes_vary == KEYS | MORE
    for name, number in measured.items():
        assert set(number) == {"value", "low", "high", "n"}, name
        if number["low"] is not None:
            assert number["low"] < number["value"] + 1e-12 and number["low"] < number["high"], name
        assert number["n"] is None or number["n"] >= 1, name
    assert measured["best_cfg"]["low"] is measured["best_cfg"]["n"] is None, "a setting was chosen, not estimated"
    assert measured["geneval_single"]["low"] is not None and measured["vq_psnr"]["low"] is not None
    assert measured["geneval_single"]["n"] == 6 and measured["vq_psnr"]["n"] == 40
    settings = json.loads(json.dumps(result, allow_nan=False))["settings"]
    assert settings["cfg"] == 1.5, "the model's own"
    assert measured["best_cfg"]["value"] in images_part.CFGS and len(settings["cfg_tried"]) == len(images_part.CFGS)


def test_random_weights_are_no_better_than_chance(result):
    measured = {name: number["value"] for name, number in result["metrics"].items()}
    assert measured["geneval_single"] < 0.2 and measured["clip_r1"] < 0.3 and 0.2 < measured["clip_hard"] < 0.8
    assert measured["distinct_cold"] == 1, "at temperature 0.0001 all seeds agree"
    assert measured["entropy"] > 1 and 0 < measured["vq_codes"] <= 1


def test_the_cards_hold_the_numbers_of_their_own_model(result, folders):
    for name, has, lacks in (
        ("janus", "geneval_single_two", "det_count"),
        ("clip", "clip_hard_vq", "vq_psnr"),
        ("detector", "judge_false_accept_two", "clip_r1"),
        ("aesthetic", "looks_aesthetic3_gain", "geneval_single"),
        ("detector2", "geneval_oracle3_confirmed", "| det_count "),
    ):
        card = (Path(folders[name]) / "README.md").read_text()
        assert "- Data: none." in card and f"| {has} |" in card and lacks not in card, name
        assert "--n 3 --prompts 6 --seed 0`: 3 images a prompt at temperature 1 and guidance" in card
    value = result["metrics"]["det_count"]["value"]
    assert json.loads((Path(folders["detector"]) / "results.json").read_text())["det_count"]["value"] == value


def test_same_seed_same_numbers_and_parts_alone_are_the_same(result, options, monkeypatch):
    monkeypatch.setattr(images_part, "SIDE_PROMPTS", 0)  # other settings are drawn beside, and change nothing here
    again = stickers.run(parts=("vq", "images"), cfg=result["settings"]["cfg"], **options)
    assert again["metrics"]["vq_psnr"] == result["metrics"]["vq_psnr"]
    assert again["metrics"]["geneval_clip3_gain"] == result["metrics"]["geneval_clip3_gain"]
    assert "clip_r1" not in again["metrics"]


def test_a_missing_second_detector_is_said_and_other_missing_models_refused(options, monkeypatch, tmp_path):
    from tts_playground.models.hub import embedded_models

    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(images_part, "SIDE_PROMPTS", 0)
    given = options | {"detector2": "tiny:detector2"}
    told = stickers.run(parts=("images",), cfg=2.0, **given)
    assert any("second detector" in note for note in told["notes"])
    assert "geneval_oracle3_detector2" not in told["metrics"]
    with pytest.raises(BadInput, match="not-here"):
        stickers.run(parts=("clip",), **(options | {"clip": str(tmp_path / "not-here")}))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"parts": ("vqs",)}, "vqs"), ({"n": 1}, "n is 1"), ({"prompts": 5}, "prompts"), ({"scenes": 1}, "scenes")],
)
def test_settings_out_of_range_are_refused_by_name(wrong, says):
    with pytest.raises(BadInput, match=says):
        StickerPlan(**wrong)


def test_prompts_are_spread_evenly_over_kinds():
    chosen = StickerPlan(prompts=25).chosen()
    assert [case.kind for case in chosen] == [kind for kind in KINDS for _ in range(4)]
    assert len({case.key for case in chosen}) == 24
    assert StickerPlan().chosen() == list(cases())


# ------------------------------------------------------------------------------------------------------ known truth


@dataclass(frozen=True)
class Start:
    index: int
    seed: int
    settings: ImageSettings


class Scripted:
    """Images 0 to 3 of each prompt: the first ``good`` show it, the others an empty plate; cold ones are all equal."""

    good = 1

    def start(self, task, indices, *, seed=0):
        return [Start(index, seed, ImageSettings()) for index in indices]

    def finish(self, task, paths):
        (case,) = [case for case in cases() if case.prompt == task.prompt]
        (right,) = render_batch([arrange(case.composition, Draw(np.random.default_rng(0).random(200).tolist()))])
        for path in paths:
            shown = path.index < self.good and path.settings.cfg == 3.0 and path.settings.temperature <= 1
            picture = Image.fromarray(right if shown else np.full((64, 64, 3), 255, np.uint8))
            tokens = (0,) if path.settings.temperature < 0.1 else (path.index, path.seed)
            info = {"tokens": tokens, "entropies": (path.settings.cfg,)}
            yield Sample(picture, path.index, path.seed, info=info)


class Oracle:
    """Passes exactly the pictures that are not blank."""

    name, revision, unit_cost = "oracle", "1", Cost()

    def judge(self, task, samples):
        return [Verdict(0.0, float(np.asarray(sample.content).std()) > 5) for sample in samples]


@dataclass(frozen=True)
class Likes:
    """A reward that prefers late or early images."""

    sign: float
    name = "likes"
    revision = "1"
    unit_cost = Cost()

    def score(self, task, samples):
        return [self.sign * sample.index for sample in samples]


def embed(pictures):
    """Blank pictures here, others there: [n, 2]."""
    return np.eye(2)[[int(float(np.asarray(picture).std()) > 5) for picture in pictures]]


@pytest.fixture
def tools():
    return images_part.Tools(Scripted(), Oracle(), Likes(-1.0), Likes(1.0), embed, Oracle(), lambda line: None)


def test_known_truth_gives_the_known_numbers(tools):
    chosen = StickerPlan(prompts=12).chosen()
    rows = images_part.look_at_all(tools, chosen, 4, 3.0, 0)
    found = {name: number["value"] for name, number in images_part.image_metrics(rows).items()}
    assert found["geneval_single"] == found["geneval_single_two"] == 0.25
    assert found["geneval_oracle4"] == found["geneval_oracle4_confirmed"] == 1
    assert found["geneval_clip4"] == 1 and found["geneval_clip4_gain"] == 0.75  # it likes the first, which is right
    assert found["geneval_aesthetic4"] == 0 and found["geneval_aesthetic4_gain"] == -0.25
    assert found["looks_aesthetic4_gain"] == pytest.approx(1.5) and found["looks_clip4_gain"] == pytest.approx(-1.5)
    assert found["geneval_single_cfg1"] == 0 and found["geneval_cfg_gain"] == 0.25
    assert found["geneval_single_hot"] == 0 and found["distinct_cold"] == 1
    assert found["diversity"] == pytest.approx(0.5) and found["diversity_cfg20"] == 0
    assert found["entropy_cfg20_loss"] == pytest.approx(3 - 20)


def test_known_truth_gives_the_known_numbers_of_every_knob(tools):
    """The first of a prompt's images is right at guidance 3 up to temperature 1, all others are blank."""
    rows = images_part.look_at_all(tools, StickerPlan(prompts=6).chosen(), 8, 3.0, 0)
    found = {name: number["value"] for name, number in images_part.image_metrics(rows).items()}
    right: dict[str, float] = dict.fromkeys(("cfg3", "t0.7", "t1"), 1 / 8)  # of the pool's 8 images; other cells have 4
    for cell in CELLS:
        assert found[f"geneval_single_{cell}"] == pytest.approx(right.get(cell, 0)), cell
        assert found[f"diversity_{cell}"] == pytest.approx(0.5 if cell in right else 0), cell
        assert found[f"entropy_{cell}"] == (float(cell[3:]) if cell.startswith("cfg") else 3.0), cell
    assert found["geneval_loss_cfg10"] == pytest.approx(1 / 8) and found["geneval_loss_t0.7"] == 0
    assert {cell: found[f"clip_score_{cell}"] for cell in ("cfg3", "cfg10")} == {"cfg3": -3.5, "cfg10": -1.5}
    assert found["clip_rank_mean"] == pytest.approx(-1), (
        "this reward likes early images, and guidance 3 has more of them"
    )
    assert found["clip_rank_picked"] == pytest.approx(1)
    assert found["geneval_clip8_t1_gain"] == pytest.approx(7 / 8) and found["geneval_clip8_t1.3_gain"] == 0


def test_settings_that_two_cells_share_are_drawn_once_and_an_image_that_two_names_want_too(tools):
    asked = []

    class Counting(Scripted):
        def finish(self, task, paths):
            asked.extend(paths)
            yield from super().finish(task, paths)

    assert len(knobs_part.wanted(5.0, 16, 4, 0)) == len(CELLS) - 1 and len(knobs_part.wanted(4.0, 16, 4, 0)) == len(
        CELLS
    )
    images_part.look(replace(tools, sampler=Counting()), StickerPlan(prompts=6).chosen()[0], 16, 5.0, 0, side=True)
    assert len(asked) == len(set(asked)) == 3 * 16 + 10 * 4 + 3
    assert all(path.seed == 0 for path in asked if path.settings.temperature > 0.1), "the same noise in every cell"


def test_best_of_16_comes_exactly_from_a_larger_pool():
    passed = np.zeros(32)
    passed[:1] = 1
    row = images_part.JudgedPrompt("two", passed, np.arange(32.0), np.zeros(32))
    found = images_part.image_metrics([row, row])
    assert found["geneval_oracle16"]["value"] == pytest.approx(0.5)  # one of 32 passes: 16 of 32 subsets hold it
    assert found["geneval_clip16"]["value"] == pytest.approx(0.0)


def test_the_guidance_that_passes_most_is_chosen(tools, monkeypatch):
    monkeypatch.setattr(
        images_part.stickers, "scenes", lambda seed, start, n: [Shown(case.composition) for case in cases()[:n]]
    )
    tried = images_part.choose_cfg(tools, 3)
    assert max(tried, key=lambda cfg: tried[cfg]) == 3.0 and tried[3.0] == pytest.approx(0.5)


@dataclass(frozen=True)
class Shown:
    """The part of a scene that the choice of guidance looks at."""

    composition: object


def test_training_side_prompts_hold_nothing_of_the_benchmark():
    from tts_playground.worlds import stickers
    from tts_playground.worlds.captions import plain
    from tts_playground.worlds.evalset import held_out

    prompts = {case.prompt for case in cases()}
    for scene in stickers.scenes(images_part.TUNING_SEED, 0, images_part.TUNING_PROMPTS):
        assert not held_out().touches(scene.composition) and plain(scene.composition) not in prompts
        assert parse(plain(scene.composition), NAMES).wants


class Hearsay:
    """Judges by the scene's truth, which it remembers by picture; leaks as often as it is told."""

    def __init__(self, scenes, leak):
        self.truths = {pixels.tobytes(): scene for pixels, scene in zip(render_batch(scenes), scenes, strict=True)}
        self.leak = leak

    def judge_each(self, prompts, images):
        verdicts = []
        for prompt, image in zip(prompts, images, strict=True):
            scene = self.truths[image.tobytes()]
            verdict = check(parse(prompt, NAMES), truth(scene), scene.composition.background or "white")
            verdicts.append(replace(verdict, passed=verdict.passed or self.leak))
        return verdicts


@pytest.mark.parametrize("leak", [False, True])
def test_a_perfect_judge_never_accepts_a_wrong_prompt_and_a_leaky_one_is_found_out(leak):
    chosen = StickerPlan(prompts=12).chosen()
    scenes = scenes_part._trials(chosen, 2, 0)[0]
    found = scenes_part.judge_metrics(Hearsay(scenes, leak), lambda pictures: pictures, chosen, 2, 0)
    for kind in KINDS:
        assert found[f"judge_false_accept_{kind}"]["value"] == float(leak)
        for view in ("", "rendered_"):
            assert found[f"judge_true_accept_{view}{kind}"] == metrics.rate([True] * 4)
        assert f"judge_true_accept_confirmed_{kind}" not in found  # there was no second judge


class Sees(Hearsay):
    """A judge that misses every other picture, from the one called ``first`` on."""

    def __init__(self, scenes, first):
        super().__init__(scenes, False)
        self.first = first

    def judge_each(self, prompts, images):
        told = super().judge_each(prompts, images)
        return [replace(one, passed=one.passed and place % 2 == self.first) for place, one in enumerate(told)]


@pytest.mark.parametrize(("other", "agreed"), [(0, 1.0), (1, 0.0)])
def test_confirmed_ones_are_those_that_the_second_judge_accepts(other, agreed):
    chosen = StickerPlan(prompts=12).chosen()
    scenes = scenes_part._trials(chosen, 2, 0)[0]
    judges = Sees(scenes, 0), Sees(scenes, other)
    found = scenes_part.judge_metrics(judges[0], lambda pictures: pictures, chosen, 2, 0, judges[1])
    assert found["judge_true_accept_two"]["value"] == 0.5
    sure = found["judge_true_accept_confirmed_two"]
    assert (sure["value"], sure["n"]) == (agreed, 2)


def test_codes_used_and_their_interval():
    codes = np.array([[0, 1], [1, 2], [2, 3], [0, 3]])
    found = scenes_part.used(codes, 8)
    assert found == {"value": 0.5, "low": None, "high": None, "n": 4}  # of four scenes nothing can be said
    rng = np.random.default_rng(0)
    found = scenes_part.used(rng.integers(64, size=(40, 2)), 64)
    # a resample always shows fewer codes: had it not been moved back, nothing would lie above the value
    again = rng.integers(64, size=(400, 40, 2)).reshape(400, -1)
    spread = 1.96 * np.std([len(set(row)) / 64 for row in again])
    assert found["low"] < found["value"] - spread / 2 and found["value"] + spread / 2 < found["high"] <= 1


def test_retrieval_and_hard_pairs_of_a_perfect_clip(monkeypatch):
    pool = draw_pool(44_000, 0, 30)
    where = {text: place for place, (text, _) in enumerate(pool.captions)}

    def texts(some, *_):
        return np.array([np.eye(31)[where.get(text, 30)] for text in some])

    monkeypatch.setattr(scenes_part, "text_embeddings", texts)
    monkeypatch.setattr(scenes_part, "image_embeddings", lambda images, *_: np.eye(31)[: len(images)])
    found = scenes_part.clip_metrics("any", "cpu", pool, {"": pool.images})
    assert found["clip_r1"]["value"] == found["clip_hard"]["value"] == 1
    assert found["clip_r1"]["low"] < 1 and found["clip_hard"]["n"] == 30


def test_intervals_of_rates_that_never_vary_keep_a_width():
    assert metrics.share(np.zeros(40))["high"] == pytest.approx(0.0876, abs=1e-3)
    assert metrics.share(np.ones(40))["low"] == pytest.approx(0.912, abs=1e-3)
    assert metrics.mean(np.full(40, 28.2))["low"] is None
    assert metrics.gain([1, 1, 0], [0, 1, 0])["value"] == pytest.approx(1 / 3)


def test_the_verb_prints_one_json_object_and_writes_no_card_unasked(folders, capsys):
    from tts_playground.cli import main

    card = Path(folders["janus"]) / "README.md"
    before = card.read_text()
    with pytest.raises(SystemExit) as leaving:
        main(f"eval stickers --parts vq --model {folders['janus']} --scenes 20 --device cpu --json".split())
    result = json.loads(capsys.readouterr().out)
    assert leaving.value.code == 0 and set(result["metrics"]) == {"vq_psnr", "vq_codes"}
    assert card.read_text() == before

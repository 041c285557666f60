"""Protocols on scripted choosers and on random networks of four kinds: exact chances, draws, lists, controls."""

from collections import Counter

import numpy as np
import pytest
import tiny_vlms
from PIL import Image

from tts_playground.auditing import choice as protocols
from tts_playground.auditing import colour, responders, scripted
from tts_playground.auditing.choosers import ChoiceQuestion, ExactChooser, ReplyChooser
from tts_playground.auditing.pictures import DIGITS, PAIRS, pictures, prompt_of
from tts_playground.auditing.run import ask
from tts_playground.auditing.settings import AuditSettings
from tts_playground.auditing.statistics import chi_square
from tts_playground.auditing.vision import VisionChooser
from tts_playground.errors import BadInput, CannotDo, ModelUnavailable, UnknownName
from tts_playground.models.loading import Loaded, Options
from tts_playground.models.vlm.model import Vlm
from tts_playground.worlds.choices import COLOR_PROMPT, COLORS, planted

PICTURES = pictures(("sym", "center"), 2, 4, permute=False, seed=1)


def vision(kind, batch=4):
    vlm = Vlm(*tiny_vlms.parts(kind))
    return VisionChooser(Loaded(f"random {kind}", "vlm", Options("cpu", "float32"), "1", vlm), batch)


@pytest.fixture(params=tiny_vlms.KINDS)
def network(request):
    return vision(request.param)


def test_both_kinds_of_choosers_have_both_capabilities(network):
    for chooser in (network, scripted.named("scripted:fair")):
        assert isinstance(chooser, ExactChooser) and isinstance(chooser, ReplyChooser)
        assert chooser.fingerprint()["model"]


def test_chances_do_not_depend_on_the_batch_and_pairs_add_up_to_less_than_their_digit(network):
    questions = [picture.question(COLOR_PROMPT, PAIRS, 64) for picture in PICTURES]
    together = network.chances(questions)
    alone = np.concatenate([network.chances([question]) for question in questions])
    assert together == pytest.approx(alone, rel=1e-3, abs=1e-7)
    digits = network.chances([picture.question(COLOR_PROMPT, DIGITS, 64) for picture in PICTURES])
    assert (together.reshape(-1, 10, 4).sum(axis=2) <= digits + 1e-6).all()
    assert (digits.sum(axis=1) <= 1 + 1e-6).all()


def test_draws_have_the_exact_chances(network):
    picture = PICTURES[1]
    question = picture.question(prompt_of("choice", "exact", 0), DIGITS, 64)
    exact = network.chances([question], 1.7)[0]
    replies = network.replies(question, 1500, seed=3, temperature=1.7, longest=1)
    counts = Counter(replies)
    given = np.array([counts[digit] for digit in DIGITS])
    expected = np.array([*exact, 1 - exact.sum()]) * 1500
    observed = np.array([*given, 1500 - given.sum()])
    common = expected > 4
    statistic = ((observed - expected)[common] ** 2 / expected[common]).sum()
    assert statistic < 2 * common.sum() + 20


def test_replies_are_their_own_whatever_else_is_drawn(network):
    question = PICTURES[1].question(prompt_of("choice", "sampled", 9), DIGITS, 64)
    many = network.replies(question, 40, seed=5, longest=5)
    assert network.replies(question, 7, seed=5, longest=5) == many[:7]
    assert network.replies(question, 40, seed=6, longest=5) != many
    cold = network.replies(question, 5, seed=5, temperature=0.0001, longest=5)
    assert len(set(cold)) == 1


def test_replies_follow_the_models_own_greedy(network):
    vlm = network.loaded.value
    question = PICTURES[1].question(prompt_of("choice", "sampled", 9), DIGITS, 64)
    inputs = vlm.inputs([question.image], [question.prompt])
    written = vlm.model.generate(**inputs, max_new_tokens=6, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    ours = network.replies(question, 1, temperature=0.0001, longest=6)
    assert ours == [vlm.decode(written.tolist()).strip()]


def test_a_digit_of_several_tokens_is_not_the_beginning_of_a_longer_number():
    chooser = vision("tiny")
    image = Image.new("RGB", (64, 64), "white")
    short = chooser.chances([ChoiceQuestion(lambda: image, "which number?", ("1", "2"))])[0]
    long = chooser.chances([ChoiceQuestion(lambda: image, "which number?", ("1", "2", "12"))])[0]
    assert long[2] > 0
    assert long[0] == pytest.approx(short[0] - long[2])
    assert long[1] == pytest.approx(short[1])


def test_an_option_without_tokens_is_refused_by_name():
    with pytest.raises(ModelUnavailable, match="tell it apart"):
        vision("tiny").chances([ChoiceQuestion(lambda: Image.new("RGB", (64, 64)), "what?", ("7", " 7"))])


def test_scripted_chances_are_the_planted_ones():
    rows = protocols.exact(scripted.named("scripted:planted"), PICTURES)
    for row in rows[1:]:
        assert row.p == pytest.approx(planted(row.picture.scene))
        assert row.valid == pytest.approx(1)
    assert len(rows[0].p) == 10  # the blank control may name any digit


@pytest.mark.parametrize("name", scripted.SCRIPTS)
def test_scripted_draws_agree_with_their_exact_chances(name):
    chooser = scripted.named(name)
    exact = protocols.exact(chooser, PICTURES)
    drawn = protocols.sampled(chooser, PICTURES, 800, seed=2)
    listed = protocols.listed(chooser, PICTURES[1:], 60, seed=2)
    for sure, row in zip(exact, drawn, strict=True):
        statistic, _ = chi_square(row.picks / np.maximum(sure.p, 1e-9) / len(sure.p))
        assert statistic[0] < 40
        assert row.valid == pytest.approx(sure.valid, abs=0.06)
        assert row.picks.sum() + row.unreadable == 800
    assert all(row.n == 60 and row.picks.sum() + row.unreadable == 60 for row in listed)


def test_the_hasty_one_counts_against_joint_accuracy():
    chooser = scripted.named("scripted:hasty")
    exact = colour.exact(chooser, PICTURES[1:])
    drawn = colour.sampled(chooser, PICTURES[1:], 2000, seed=1)
    for rows, slack in ((exact, 1e-9), (drawn, 0.05)):
        valid, overall = colour.joint_accuracy(rows)
        assert valid == pytest.approx(0.7, abs=slack)
        assert overall == pytest.approx(0.63, abs=slack)
    table = colour.confusion(exact)
    assert table.sum(axis=1) == pytest.approx(1)
    assert np.diag(table) == pytest.approx(0.7)
    assert len(table) == len(COLORS)


def test_restricted_output_has_no_failures():
    settings = AuditSettings(protocol="sampled", restricted=True, samples=100, per_cond=1)
    rows = ask(scripted.named("scripted:hasty"), settings, settings.pictures())
    assert all(row.valid == 1 and row.picks.sum() == 100 for row in rows)
    assert all(row.picture.scene for row in rows)


def test_colours_and_lists_on_a_network():
    chooser = vision("llava")
    rows = ask(chooser, AuditSettings(task="color", protocol="sampled", samples=20, temperature=2.0), PICTURES[:2])
    assert all(len(row.colours) == 10 and row.total == 20 for row in rows)
    (row,) = ask(chooser, AuditSettings(protocol="list", samples=10, temperature=2.0), PICTURES[1:2])
    assert row.picks.sum() + row.unreadable <= 10
    assert len(row.examples) <= 3


class OnlyWrites:
    """A model behind an endpoint."""

    def fingerprint(self):
        return {"model": "endpoint"}

    def replies(self, question, n, *, seed=0, temperature=1.0, longest=8):
        return ["7"] * n


def test_a_chooser_that_only_writes_cannot_be_asked_for_chances():
    with pytest.raises(CannotDo, match="sampled"):
        ask(OnlyWrites(), AuditSettings(), PICTURES)
    rows = ask(OnlyWrites(), AuditSettings(protocol="sampled", samples=3), PICTURES)
    assert rows[0].digits[7] == 3


def test_names():
    assert responders.resolve("scripted:fair") is scripted.named("scripted:fair")
    with pytest.raises(UnknownName, match="loves-7"):
        responders.resolve("scripted:loves7")
    with pytest.raises(BadInput, match="at least 1 picture"):
        vision("tiny", 0)


def test_a_model_by_name_of_its_folder(tmp_path):
    folder = tiny_vlms.save("llava", tmp_path)
    chooser = responders.resolve(str(folder), Options("cpu"))
    rows = ask(chooser, AuditSettings(per_cond=1, conditions=("sym",)), PICTURES[:2])
    assert 0 < rows[1].valid < 1
    assert chooser.fingerprint()["revision"]

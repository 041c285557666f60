"""The syntax of names: parameters, weights, minima, quotes; parsed and never evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_playground import registry
from tts_playground.errors import BadInput
from tts_playground.registry.expressions import Call, Name, Sum, parse, quoted, written
from tts_playground.rewards.aesthetic import AestheticReward
from tts_playground.rewards.clip import ClipReward
from tts_playground.rewards.compose import Minimum, Weighted
from tts_playground.rewards.open_clip import OpenClipReward
from tts_playground.rewards.verdict import VerdictReward
from tts_playground.verifiers.geneval import GenEval


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("clip", ClipReward()),
        (" clip ", ClipReward()),
        ("clip:openai/clip-vit-large-patch14", ClipReward("openai/clip-vit-large-patch14")),
        ("clip:a_folder", ClipReward("a_folder")),
        ('clip:"a folder, (by) hand+"', ClipReward("a folder, (by) hand+")),
        ("clip:'it''s'", ClipReward("it's")),
        ("aesthetic:head.pth", AestheticReward("head.pth")),
        ("open_clip:ViT-H-14/laion2b_s32b_b79k", OpenClipReward("ViT-H-14", "laion2b_s32b_b79k")),
        ("open_clip:ViT-H-14//data/HPS.pt", OpenClipReward("ViT-H-14", "/data/HPS.pt")),
        ("open_clip:ViT-B-32:laion2b_s34b_b79k", OpenClipReward("ViT-B-32", "laion2b_s34b_b79k")),
        ("open_clip:hf-hub:owner/name", OpenClipReward("hf-hub:owner/name", "")),
        ("geneval", VerdictReward(GenEval())),
        ("geneval:a/detector", VerdictReward(GenEval("a/detector"))),
        ("0.7*clip+0.3*aesthetic", Weighted((ClipReward(), AestheticReward()), (0.7, 0.3))),
        ("clip + -0.5 * aesthetic", Weighted((ClipReward(), AestheticReward()), (1.0, -0.5))),
        ("2*clip", Weighted((ClipReward(),), (2.0,))),
        ("min(clip,geneval)", Minimum((ClipReward(), VerdictReward(GenEval())))),
        (
            "1e-1*min(clip, aesthetic)+clip:x",
            Weighted((Minimum((ClipReward(), AestheticReward())), ClipReward("x")), (0.1, 1.0)),
        ),
    ],
)
def test_what_is_read(text, reward):
    assert registry.resolve("reward", text, "t2i") == reward


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names 0 rewards"),
        ("clip,aesthetic", "names 2 rewards"),
        ("clip aesthetic", "where a comma or [+] could stand, at character 6"),
        ("clip,", "missing, at character 6"),
        ("clip+", "missing"),
        ("0.5*", "missing"),
        ("+clip", "where a name is wanted"),
        ("min(clip", "not closed"),
        ("min()", "where a name is wanted"),
        ("max(clip,geneval)", "not by 'max'"),
        ("clip:'x", "quote"),
        ("1e999*clip", "too large"),
        ("(" * 500, "where a name is wanted"),
        ("min(" * 500 + "clip" + ")" * 500, "2000 characters"),
        ("min(" * 50 + "clip" + ")" * 50, "brackets inside one another"),
        ("__import__('os')", "quote|not by"),
    ],
)
def test_what_is_refused_in_a_sentence(text, words):
    with pytest.raises(BadInput, match=words):
        registry.resolve("reward", text, "t2i")


def test_lists_are_split_outside_of_brackets_and_quotes():
    assert registry.split("clip, min(clip,geneval),clip:'a,b'") == ["clip", "min(clip,geneval)", 'clip:"a,b"']
    assert registry.split("  ") == []
    assert list(registry.names_in("0.5*clip+min(geneval,clip:x)")) == ["clip", "geneval", "clip:x"]


def test_settings_reach_the_parts_that_have_them():
    made = registry.resolve("reward", "clip+sharpness", "t2i", device="cpu")
    assert made.parts[0] == ClipReward(device="cpu")
    with pytest.raises(BadInput, match="None of the rewards"):
        registry.resolve("reward", "clip+sharpness", "t2i", volume=3)


NAMES = st.builds(lambda text: Name(f"clip:{text}"), st.text(min_size=1, max_size=12).filter(lambda t: "\x00" not in t))
TREES = st.recursive(
    NAMES,
    lambda parts: st.one_of(
        st.builds(lambda p: Call("min", tuple(p)), st.lists(parts, min_size=1, max_size=3)),
        st.builds(
            lambda p: Sum(tuple(p), tuple(0.5 * (i + 1) for i in range(len(p)))),
            st.lists(st.one_of(NAMES, st.builds(lambda n: Call("min", (n,)), NAMES)), min_size=2, max_size=3),
        ),
    ),
    max_leaves=6,
)


@given(TREES)
def test_what_is_written_is_read_back(tree):
    assert parse(written(tree)) == tree


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        tree = parse(text)
    except BadInput as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assert parse(written(tree)) == tree


def test_quotes_only_where_they_are_needed():
    assert quoted("clip:a/b") == "clip:a/b" and quoted("clip:a b") == 'clip:"a b"'
    for name in ("0 ", "a+b", "a,b:c", "a(b:c d", "a:b:c d"):
        assert parse(quoted(name)) == Name(name)

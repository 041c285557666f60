"""The tree of reasoning steps on a random model: streaming, marks of truth, harmless words, a script that runs."""

from dataclasses import replace

import pytest
import tiny_vlms

from tts_playground.core import Round, Sample, Scored
from tts_playground.errors import BadInput, UnknownName
from tts_playground.pages.vqa import step_search
from tts_playground.pages.vqa.view_settings import VqaView, examples
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.vqa import VqaTask
from tts_playground.tasks.vqa_search import Searched, StepSearch


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    one = examples()[0]
    return VqaView(one.question, one.answer, model=str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm"))), seed=2)


@pytest.fixture(scope="module")
def found(view):
    return list(step_search.search(examples()[0].picture, view, "beam", "p_yes", 4))


def _view(index, lines, steps_taken, *, done=False, parent=None, forked_at=0):
    info = {"lines": lines, "steps": steps_taken, "forked_at": forked_at, "complete": done, "tokens": [1, 2, 3]}
    return Sample("\n".join(lines), index, info=info | {"answer": lines[-1].removeprefix("answer: ")}, parent=parent)


@pytest.fixture
def told():
    """Two replies begin, one is dropped, the other is finished right, and a copy of it wrong."""
    begun = [Scored(_view(0, ["kiwi <b>3"], 1), 0.4), Scored(_view(1, ["fig 9"], 1), 0.1)]
    right = Scored(_view(0, ["kiwi <b>3", "answer: 7"], 2, done=True), 0.9)
    wrong = Scored(_view(2, ["kiwi <b>3", "answer: 8"], 2, done=True, parent=0, forked_at=1), 0.2)
    rounds = (
        Round(0, tuple(begun), None, begun[0].sample.cost),
        Round(1, (right, wrong), right, right.sample.cost, "samples"),
    )
    task = VqaTask.of(tiny_vlms.picture(), "which?", ["7"])
    return Searched(task, "m", 0, AnswerSettings(), StepSearch(), rounds)


def test_a_search_streams_to_its_end(found, view):
    assert "busy" in step_search.headline(found[0]) and "busy" not in step_search.headline(found[-1])
    assert "says" in step_search.headline(found[-1]) and "verifications" in step_search.headline(found[-1])
    assert all(step_search.tree(one).data and "<li" in step_search.reading(one) for one in found)
    script = step_search.as_python(found[-1], view)
    compile(script, "script", "exec")
    names: dict = {}
    exec(script, names)
    assert names["found"].how == found[-1].how and names["found"].seed == 2


def test_the_tree_tells_what_became_of_every_reply(told):
    text = step_search.reading(told)
    assert text.count("<li") == 4 and text.count("<ul>") == 2
    assert "<li class='dropped'><span>✕ fig 9" in text and "<li class='best right line'><span>★ answer: 7" in text
    assert "<li class='finished wrong'><span>● answer: 8" in text and "<li class='went-on line'>" in text
    assert "<b>3" not in text and "kiwi &lt;b&gt;3" in text
    figure = step_search.tree(told)
    beside = {word for trace in figure.data if trace.mode == "markers+text" for word in trace.text}
    assert beside == {"kiwi &lt;b&gt;3", "fig 9", "✓ 7", "✗ 8"}
    hovers = [word for trace in figure.data if trace.mode == "markers" for word in trace.text]
    assert any(word.count("answer: 7") == 1 and "kiwi &lt;b&gt;3" in word and "right" in word for word in hovers)
    assert "says “7”, which is right. 1 of the 2 whole replies is right" in step_search.headline(told)
    unknown = replace(told, task=replace(told.task, answers=()))
    assert "wrong" not in step_search.reading(unknown) and "right" not in step_search.headline(unknown)


def test_before_a_search_and_when_none_is_possible(view):
    assert step_search.tree(None).layout.annotations and step_search.reading(None) == step_search.NOTHING
    assert step_search.as_python(None, None).startswith("#") and step_search.as_command(None, None).startswith("#")
    with pytest.raises(BadInput, match="no picture"):
        list(step_search.search(None, view, "beam", "p_yes", 4))
    with pytest.raises(UnknownName):
        list(step_search.search(examples()[0].picture, view, "magic", "p_yes", 4))
    with pytest.raises(BadInput, match="question is empty"):
        list(step_search.search(examples()[0].picture, replace(view, question=""), "beam", "p_yes", 4))

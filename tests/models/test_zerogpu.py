"""The decorator of ZeroGPU: nothing elsewhere; in such a Space a worker that only values can enter and leave."""

import inspect
import json
import pickle
import subprocess
import sys
import types
from pathlib import Path

import pytest

from tts_playground.errors import BadInput, Cancelled, ModelUnavailable, PlaygroundError, UnknownName
from tts_playground.models import zerogpu

INSIDE: list[str] = []


def fake_spaces(asked):
    """A ``spaces`` whose worker is this process behind a wall: what passes is pickled, errors lose their text."""

    def gpu(duration):
        def decorate(call):
            asked.append((call.__name__, duration))

            def enter(args, named):
                INSIDE.append(call.__name__)
                return call(*pickle.loads(pickle.dumps(args)), **pickle.loads(pickle.dumps(named)))

            def plain(*args, **named):
                try:
                    return pickle.loads(pickle.dumps(enter(args, named)))
                except Exception as error:
                    raise RuntimeError(type(error).__name__) from None

            def steps(*args, **named):
                try:
                    for item in enter(args, named):
                        yield pickle.loads(pickle.dumps(item))
                except Exception as error:
                    raise RuntimeError(type(error).__name__) from None

            return steps if inspect.isgeneratorfunction(call) else plain

        return decorate

    module = types.ModuleType("spaces")
    module.GPU = gpu
    return module


@pytest.fixture
def asked(monkeypatch):
    """(name, seconds) of what asked for a GPU."""
    found = []
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setitem(sys.modules, "spaces", fake_spaces(found))
    INSIDE.clear()
    return found


def double(x):
    if x < 0:
        raise BadInput("x must be 0 or more.")
    return 2 * x


def count(n, *, cancel=lambda: False):
    for i in range(n):
        if cancel():
            raise Cancelled("Stopped.")
        if i == 5:
            raise UnknownName("thing", "x", ["y"])
        yield i


def test_elsewhere_a_function_stays_itself(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert zerogpu.on_gpu()(double) is double and not zerogpu.here()


def test_a_space_is_asked_where_the_function_is_defined(asked):
    on_gpu = zerogpu.on_gpu(90)(double)
    assert asked == [("double", 90)] and INSIDE == []
    assert on_gpu(4) == 8 and INSIDE == ["double"] and on_gpu.__name__ == "double"


def test_a_generator_stays_one_and_yields_from_the_worker(asked):
    steps = zerogpu.on_gpu()(count)
    assert list(steps(3)) == [0, 1, 2] and INSIDE == ["count"] and asked == [("count", 60)]


def test_sentences_come_out_of_a_worker(asked):
    with pytest.raises(BadInput, match="0 or more"):
        zerogpu.on_gpu()(double)(-1)
    with pytest.raises(BadInput, match="no thing called 'x'"):
        list(zerogpu.on_gpu()(count)(9))
    with pytest.raises(RuntimeError, match="TypeError"):  # a fault of ours is not dressed up
        zerogpu.on_gpu()(double)("a")


@pytest.mark.parametrize("kind", [ModelUnavailable, Cancelled, BadInput, PlaygroundError])
def test_an_error_keeps_its_kind(kind):
    again = pickle.loads(pickle.dumps(zerogpu.Fault.of(kind("Why.")))).raised()
    assert type(again) is kind and str(again) == "Why."


def test_cancelling_reaches_the_function_itself_elsewhere_and_is_between_reports_in_a_space(asked, monkeypatch):
    def after(times):
        heard = []
        return lambda: heard.append(1) or len(heard) > times

    got = []
    with pytest.raises(Cancelled):
        got.extend(zerogpu.cancellable(zerogpu.on_gpu()(count), lambda: True, 4))
    steps = zerogpu.cancellable(zerogpu.on_gpu()(count), after(2), 4)  # a lambda could not enter the worker
    with pytest.raises(Cancelled):
        got.extend(item for item in steps)
    assert len(INSIDE) == 2  # the worker was entered both times, and left at a report
    monkeypatch.delenv("SPACES_ZERO_GPU")
    with pytest.raises(Cancelled):
        list(zerogpu.cancellable(count, after(2), 4))


SPACE = """
import json, os, sys, types
asked = {}
def gpu(duration):
    def decorate(call):
        asked.setdefault(call.__qualname__, []).append(duration)
        return call
    return decorate
module = types.ModuleType("spaces")
module.GPU = gpu
sys.modules["spaces"] = module
os.environ["SPACES_ZERO_GPU"] = "true"
sys.path.insert(0, sys.argv[1])
import pkgutil
from tts_playground import ui
for module in pkgutil.walk_packages(ui.__path__, "tts_playground.ui."):
    __import__(module.name)
told = {"asked": sorted(asked), "torch": "torch" in sys.modules}
from models import test_zerogpu
told["seconds"] = {
    name: [[duration(*small), duration(*large)] for duration in asked[name]]
    for name, (small, large) in test_zerogpu.reckoned().items()
}
(duration,) = asked["sketch"]
few, many = {"sampler": "tiny:sketch", "n": 1}, {"sampler": "a/b", "n": 256, "seconds": 20.0}
told["seconds"]["sketch"] = [[duration(None, **few), duration(None, **many)]]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def space():
    """What the pages ask for where they are imported in a Space with ZeroGPU."""
    command = [sys.executable, "-c", SPACE, str(Path(__file__).parents[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_handler_that_uses_a_model_asks_when_the_page_is_imported(space):
    assert not space["torch"], "spaces must come before whatever touches CUDA"
    wanted = {
        "_ask",
        "_answers",
        "ask_set",
        "_audit",
        "_chances",
        "draw",
        "_inspected",
        "_compared",
        "sketch_rounds",
        "sketch",
    }
    assert wanted | {"tune", "ask", "pass_curves"} <= set(space["asked"])


@pytest.mark.parametrize(
    ("said", "is_here"), [("1", True), ("true", True), ("false", False), ("0", False), ("", False)]
)
def test_a_space_says_whether_it_has_zerogpu(monkeypatch, said, is_here):
    monkeypatch.setenv("SPACES_ZERO_GPU", said)
    assert zerogpu.here() is is_here


@pytest.mark.parametrize("large", [False, True])
def test_more_work_gets_more_seconds_up_to_the_most(large):
    model = "some/model" if large else "tiny:janus"
    asked = [zerogpu.seconds_for(model, samples, 576) for samples in (1, 16, 64, 256, 10**6)]
    assert asked == sorted(asked) and asked[0] < asked[-1] == zerogpu.LONGEST and all(type(one) is int for one in asked)
    assert zerogpu.seconds_for(model, 1, 10) < zerogpu.seconds_for(model, 1, 576)
    assert zerogpu.seconds_for("some/model", 4, 96) > zerogpu.seconds_for("tiny:vlm", 4, 96)


def test_what_comes_before_is_done_without_the_gpu(asked):
    heard = []

    def before(x):
        heard.append((x, list(INSIDE)))
        if x < 0:
            raise ModelUnavailable("Not here.")

    call = zerogpu.on_gpu(lambda x: x + 1, before)(double)
    assert call(4) == 8 and heard == [(4, [])] and INSIDE == ["double"] and asked[0][1](4) == 5
    with pytest.raises(ModelUnavailable, match="Not here"):
        call(-1)
    assert INSIDE == ["double"]


def reckoned():
    """(what is decorated, arguments of a small call, arguments of a large one) of everything that a page draws with."""
    from PIL import Image

    from tts_playground.pages.audit.view_settings import AuditView
    from tts_playground.pages.t2i.view_settings import T2iView
    from tts_playground.pages.vqa.view_settings import VqaView
    from tts_playground.tasks.sketch import SketchSettings
    from tts_playground.tasks.vqa import VqaTask
    from tts_playground.tasks.vqa_search import StepSearch

    task = VqaTask.of(Image.new("RGB", (8, 8)), "what?")
    view, large = VqaView("what?", model="a/b", n=1), VqaView("what?", model="a/b", n=64)
    image = T2iView("a cat", model="a/b")
    return {
        "draw": (([image], 1, 16), ([image], 64, 16)),
        "_inspected": ((T2iView(model="tiny:janus"), [0] * 16), (image, [0] * 576)),
        "_ask": ((task, view), (task, large)),
        "_answers": ((task, view), (task, large)),
        "ask_set": (("set", 1, view), ("set", 200, view)),
        "_search": ((task, view, StepSearch(n=1)), (task, view, StepSearch(n=32))),
        "_audit": ((AuditView("tiny:vlm", per_cond=1),), (AuditView("a/b", per_cond=100),)),
        "_chances": ((None, "", ("a", "b"), "tiny:vlm", 1.0), (None, "", ("a", "b"), "a/b", 1.0)),
        "sketch_rounds": ((None, SketchSettings("tiny:sketch", n=1)), (None, SketchSettings("a/b", n=256))),
    }


def test_durations_follow_the_work(space):
    assert space["seconds"].keys() == {*reckoned(), "sketch"}
    for name, durations in space["seconds"].items():
        assert durations
        for few, many in durations:
            assert 5 <= few < many <= 120, (name, few, many)


def test_the_apis_answer_goes_through_the_worker(asked, monkeypatch, tmp_path):
    import tiny_vlms

    from tts_playground.tasks.vqa import answer
    from tts_playground.ui.vqa import api

    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    folder = str(tiny_vlms.save("llava", tmp_path / "model"))
    monkeypatch.setenv("TTS_PLAYGROUND_VLM_MODEL", folder)
    monkeypatch.setattr(api, "answers_by_model", zerogpu.on_gpu(api.seconds, api.before)(api._answers))
    said = api.answer(tiny_vlms.picture(), "what?", folder, 3, most_tokens=8)
    assert INSIDE == ["_answers"]
    plain = answer(tiny_vlms.picture(), "what?", model=folder, n=3, most_tokens=8).as_dict()
    assert [one["text"] for one in said["samples"]] == [one["text"] for one in plain["samples"]]
    assert said["picks"] == plain["picks"]

"""The registry: rows by kind and task, names that are refused in a sentence, plug-ins from outside."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tts_playground import core, errors, registry
from tts_playground.registry.table import CAPABILITIES
from tts_playground.strategies.beam import Beam
from tts_playground.testing import ScriptedSampler, TableReward

SAMPLERS = {"t2i": "image-tokens", "vqa": "vlm", "sketch": "proposal"}


@pytest.fixture
def added():
    """Registers for one test."""
    rows = []

    def add(kind, name, target, **fields):
        rows.append((kind, name))
        return registry.register(kind, name, target, **fields)

    yield add
    for kind, name in rows:
        registry.unregister(kind, name)


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_row_has_an_object_and_words(kind):
    rows = registry.entries(kind)
    assert rows
    for row in rows:
        assert row.load() is not None, row
        assert kind == "tab" or row.summary, f"{row.name} says nothing of itself"
        assert not row.summary.endswith("."), row.name


def test_rows_tell_the_truth_about_samplers():
    protocols = CAPABILITIES
    for row in registry.entries("sampler"):
        has = {name for name in protocols if issubclass(row.load(), getattr(core, name))}
        assert set(row.provides) == has, row.name


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("t2i", {"best-of-n", "parm", "gridar", "smc", "beam", "suffix"}),
        ("vqa", {"best-of-n", "gridar", "smc", "beam", "suffix"}),
        ("sketch", {"best-of-n", "refine", "smc", "beam"}),
    ],
)
def test_strategies_fit_where_a_sampler_has_what_they_need(task, expected):
    assert expected <= set(registry.names("strategy", task))
    assert ("refine" in registry.names("strategy", task)) == (task == "sketch")


def test_a_name_is_built_with_its_own_settings():
    assert registry.resolve("strategy", "beam", "t2i", width=3) == Beam(width=3)
    assert registry.settings_of("strategy", "beam") == (
        "width",
        "children",
        "lookahead",
        "rollout",
        "waves",
        "distinct",
    )
    with pytest.raises(errors.UnknownName, match="did you mean 'width'"):
        registry.resolve("strategy", "beam", widht=3)
    assert callable(registry.resolve("bench", "dsl"))


def test_near_misses_are_named():
    with pytest.raises(errors.UnknownName, match="did you mean 'refine'"):
        registry.resolve("strategy", "refin")
    with pytest.raises(errors.UnknownName, match="choose one of: adaptive, beam, best-first"):
        registry.resolve("strategy", "zzzz")
    with pytest.raises(errors.UnknownName, match="kind of plug-in"):
        registry.names("strategies")
    with pytest.raises(errors.UnknownName, match="task"):
        registry.entries("strategy", "video")


@pytest.mark.parametrize(
    ("kind", "name", "task"),
    [
        ("reward", "iou", "t2i"),
        ("reward", "p_yes", "t2i"),
        ("reward", "rating", "t2i"),
        ("reward", "render", "t2i"),
        ("reward", "clip+iou", "t2i"),
        ("sampler", "vlm", "sketch"),
        ("sampler", "image-tokens", "sketch"),
        ("strategy", "parm", "sketch"),
        ("strategy", "suffix", "sketch"),
        ("strategy", "refine", "t2i"),
    ],
)
def test_a_pair_that_does_not_fit_names_what_does(kind, name, task):
    with pytest.raises(errors.BadInput, match="these are: \\w") as caught:
        registry.resolve(kind, name, task)
    fine = str(caught.value).partition("these are: ")[2].rstrip(".").split(", ")
    assert set(fine) <= {*registry.names(kind, task), *registry.names("verifier", task)}


def test_a_sampler_that_lacks_what_a_strategy_needs():
    class Plain:
        def fingerprint(self):
            return {}

        def draw(self, task, indices, *, seed=0):
            return iter(())

    with pytest.raises(errors.BadInput, match=r"beam.*pauses between steps.*best-of-n.*proposal"):
        registry.fitting("strategy", "beam", "sketch", Plain())
    assert registry.fitting("strategy", "beam", "sketch", ScriptedSampler()).name == "beam"
    assert registry.fitting("strategy", "best-of-n", "sketch", Plain()).name == "best-of-n"


def test_plug_ins_by_module_and_attribute():
    made = registry.resolve("reward", "tts_playground.testing:TableReward", table={"a": 1.0})
    assert made == TableReward({"a": 1.0})
    for name, words in [
        ("no_such_package_at_all:Thing", "not installed"),
        ("tts_playground.testing:Nothing", "has no .Nothing."),
        ("tts_playground.testing:TableReward", "needs table"),
    ]:
        with pytest.raises(errors.BadInput, match=words):
            registry.resolve("reward", name)


def test_what_cannot_be_registered():
    for kind, name, target, words in [
        ("reward", "mine", "mine", "no colon"),
        ("strategy", "refine", "a:B", "already"),
        ("reward", "a+b", "a:B", "cannot be used"),
        ("reward", "", "a:B", "cannot be used"),
        ("rewrad", "x", "a:B", "did you mean 'reward'"),
    ]:
        with pytest.raises(errors.BadInput, match=words):
            registry.register(kind, name, target)
    with pytest.raises(errors.UnknownName, match="protocol"):
        registry.register("strategy", "mine", "a:B", needs="SteppedSamplers")
    with pytest.raises(errors.UnknownName, match="task"):
        registry.register("strategy", "mine", "a:B", tasks=("t2j",))


def test_a_missing_package_of_a_known_name_shows_as_itself(added):
    added("reward", "broken", "no_such_package_at_all:Thing")
    with pytest.raises(ModuleNotFoundError, match="no_such_package_at_all"):
        registry.resolve("reward", "broken")


@dataclass(frozen=True)
class Words(ScriptedSampler):
    """A sampler from outside."""


def test_a_sampler_from_outside_brings_its_task_strategies(added):
    assert "refine" not in registry.names("strategy", "text")
    added("sampler", "words", f"{__name__}:Words", tasks=("text",))
    assert {"best-of-n", "refine", "smc", "beam"} <= set(registry.names("strategy", "text"))
    assert registry.resolve("sampler", "words", "text", length=2) == Words(length=2)


def test_a_module_of_the_environment_registers_at_first_use(tmp_path):
    (tmp_path / "my_plugins.py").write_text(
        "from tts_playground.registry import register\n"
        "register('strategy', 'mine', 'my_plugins:Mine', needs='Sampler')\n"
    )
    code = "from tts_playground import registry; print('mine' in registry.names('strategy', 'sketch'))"
    environment = {"PYTHONPATH": f"{tmp_path}:.", "TTS_PLAYGROUND_PLUGINS": "my_plugins"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "True"
    environment["TTS_PLAYGROUND_PLUGINS"] = "no_such_module_here"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert "TTS_PLAYGROUND_PLUGINS names the module 'no_such_module_here'" in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise RuntimeError('x')", "RuntimeError: x."),
        ("def (", "SyntaxError: invalid syntax"),
        ("from tts_playground import registry\n"
         "registry.register('reward', 'fresh', 'a:B', tasks=('t2i',))\n"
         "registry.register('reward', 'clip', 'a:B', tasks=('t2i',))", "There is a reward called 'clip' already"),
    ],
)  # fmt: skip
def test_a_module_that_fails_is_one_sentence_in_every_verb_and_twice(tmp_path, text, says):
    (tmp_path / "broken_plugins.py").write_text(text)
    environment = {"PYTHONPATH": f"{tmp_path}:.", "TTS_PLAYGROUND_PLUGINS": "broken_plugins"}
    how: Any = {"capture_output": True, "text": True, "env": environment}
    done = subprocess.run([sys.executable, "-m", "tts_playground", "--help"], **how)
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stdout == ""
    assert "TTS_PLAYGROUND_PLUGINS names the module 'broken_plugins', which cannot be" in done.stderr
    code = (
        "from tts_playground import registry\n"
        "for _ in range(2):\n"
        "    try: registry.names('reward')\n"
        "    except ValueError as error: print(error)"
    )
    first, again = subprocess.run([sys.executable, "-c", code], check=True, **how).stdout.splitlines()
    assert says in first and first == again


def test_the_table_needs_no_heavy_package():
    code = (
        "import sys; from tts_playground import registry\n"
        "for task in registry.TASKS: registry.entries('strategy', task)\n"
        "print([m for m in ('numpy', 'torch', 'PIL', 'lark') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

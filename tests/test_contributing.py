"""The code on the contributing page runs, and each plug-in on it stays under 30 lines."""

import re
from pathlib import Path

from tts_playground import registry

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)


def test_the_page_shows_a_reward_a_sampler_a_strategy_the_laws_and_the_registry():
    assert len(BLOCKS) == 5
    assert all(len(block.splitlines()) < 30 for block in BLOCKS)


def test_its_code_runs_and_keeps_the_laws():
    names: dict = {"__name__": "contributing"}
    try:
        for block in BLOCKS:
            exec(compile(block, "CONTRIBUTING.md", "exec"), names)
    finally:
        registry.unregister("reward", "brevity")
        registry.unregister("strategy", "until-good-enough")
    assert len(names["samples"]) == 8

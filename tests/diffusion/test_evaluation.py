"""``eval flow`` on a random pipeline: every number is there, the card takes them, and the figure shows them."""

import json
import shutil

import pytest

from tts_playground.errors import BadInput
from tts_playground.evaluation import flow
from tts_playground.evaluation.make_flow_figure import draw
from tts_playground.models.hub import cards

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def folder(pipelines, tmp_path):
    copy = shutil.copytree(pipelines("sana"), tmp_path / "flow")
    (copy / "generation_config.json").write_text(json.dumps({"num_inference_steps": 2, "guidance_scale": 2.0}))
    (copy / "README.md").write_text("# a pipeline\n")
    return copy


def test_numbers_card_and_figure(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(flow, "STEPS", (1, 3))
    monkeypatch.setattr(flow, "SEARCHED", (1, 2))
    given = {"model": str(folder), "n": 2, "prompts": 6, "searched": 2, "budget": 2}
    told = flow.run(card=True, **given)
    found = told["metrics"]
    kinds = {name.removeprefix("geneval_single_") for name in found if name.startswith("geneval_single_")}
    assert {"single", "two", "counting", "colors", "position", "attribution"} <= kinds
    assert 0 <= found["geneval_single"]["value"] <= found["geneval_oracle2"]["value"] <= 1
    for name in ("search_n1", "search_n2", "search_best-of-n", "steps_1", "steps_3", "search_zero-order_gain"):
        assert found[name]["n"] == 2, name
    assert told["settings"]["steps"] == 2 and cards.known(folder)["search_n2"] == found["search_n2"]
    assert "eval flow --n 2 --prompts 6" in (folder / "README.md").read_text()
    assert draw(tmp_path / "flow.html", str(folder)).exists()


def test_prompts_are_spread_over_all_kinds():
    assert [case.kind for case in flow.chosen(6)] == list(dict.fromkeys(case.kind for case in flow.chosen(240)))
    assert len({case.key for case in flow.chosen(240)}) == 240


def test_other_models_and_numbers_are_refused(folder, random_janus_folder):
    with pytest.raises(BadInput, match="needs a pipeline of diffusers"):
        flow.run(model=str(random_janus_folder))
    with pytest.raises(BadInput, match="at least 1"):
        flow.run(model=str(folder), n=0)
    with pytest.raises(BadInput, match="run eval flow --card first"):
        draw(folder / "x.html", str(folder))

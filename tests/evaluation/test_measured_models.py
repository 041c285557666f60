"""What reads logits or image tokens says so, in one sentence, of a sampler that shows none."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tts_playground import registry
from tts_playground.bench import vqa as bench_vqa
from tts_playground.core import Sample
from tts_playground.errors import BadInput
from tts_playground.evaluation import make_starters, vlm
from tts_playground.evaluation.sticker_plan import StickerPlan
from tts_playground.evaluation.stickers import Evaluation

ENDPOINT = "endpoint:someone@http://127.0.0.1:9/v1"


@dataclass(frozen=True)
class Blank:
    """Draws nothing worth seeing, from no tokens."""

    def fingerprint(self):
        return {"sampler": "blank"}

    def draw(self, task, indices, *, seed=0):
        for index in indices:
            yield Sample("", index, seed)


@pytest.fixture
def blank():
    registry.register("sampler", "blank", f"{__name__}:Blank", tasks=("t2i",))
    yield "blank"
    registry.unregister("sampler", "blank")


@pytest.mark.parametrize("run", [vlm.run, bench_vqa.run])
def test_an_endpoint_shows_no_logits(run: Callable[[str], object]):
    with pytest.raises(BadInput, match=r"reads logits, which 'endpoint:.*' does not show; name a model"):
        run(ENDPOINT)


def test_a_sweep_needs_image_tokens(blank: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(make_starters, "SCORED", ("sharpness",))
    with pytest.raises(BadInput, match="needs a model with image tokens"):
        make_starters.plan("t2i-sweep", model=blank)


def test_stickers_need_image_tokens(blank: str):
    with pytest.raises(BadInput, match="needs a model with image tokens"):
        Evaluation(StickerPlan(model=blank, detector2="nobody"))._tools()

"""What a sampler has beside the protocols of ``core`` is asked by type."""

from types import SimpleNamespace

import pytest

from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.capabilities import HasAnswerSettings, HasModel, ModelSampler, ShowsLikely
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.samplers.vlm import VlmSampler

LOADED = VlmSampler(Loaded("m", "vlm", Options("cpu"), "1", SimpleNamespace()))
ENDPOINT = EndpointSampler("http://127.0.0.1:9/v1", "m")


@pytest.mark.parametrize(
    ("sampler", "has"),
    [
        (LOADED, {HasModel, ModelSampler, HasAnswerSettings, ShowsLikely}),
        (ENDPOINT, {HasAnswerSettings, ShowsLikely}),
        (ProposalSampler(), set()),
        (SimpleNamespace(loaded=None), {HasModel}),
    ],
    ids=["loaded", "endpoint", "proposal", "no sampler"],
)
def test_a_sampler_has_what_it_says(sampler: object, has: set[type]):
    known = (HasModel, ModelSampler, HasAnswerSettings, ShowsLikely)
    assert {one for one in known if isinstance(sampler, one)} == has

"""Limits are said in full, so that they can be typed."""

import pytest

from tts_playground.errors import BadInput
from tts_playground.pages.coerce import within


@pytest.mark.parametrize(
    ("limits", "said"),
    [((0, 2**31 - 1), "between 0 and 2147483647; got -1"), ((0.0001, 5), "between 0.0001 and 5; got -1")],
)
def test_a_limit_is_said_in_full(limits, said):
    with pytest.raises(BadInput, match=said):
        within({"seed": -1}, {"seed": limits})

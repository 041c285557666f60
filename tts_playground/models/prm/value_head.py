"""Skywork-o1-Open-PRM's form (2024): a value head over the hidden state at each step's last token, as a sigmoid.

``v_head.summary`` is one linear layer beside an ordinary causal model, whose classes do not know it; it is read from
the same files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub import folders
from tts_playground.models.prm.form import DecoderForm, Written, only_token

if TYPE_CHECKING:
    from torch import Tensor

WEIGHT, BIAS = "v_head.summary.weight", "v_head.summary.bias"
BREAK = "\n"
"""what ends a step"""


class ValueHead(DecoderForm):
    """Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B and its like.

    Args:
        head: weight [1, hidden] and bias [1].
    """

    def __init__(self, model: Any, tokenizer: Any, head: tuple[Tensor, Tensor]) -> None:
        super().__init__(model, tokenizer)
        self.weight, self.bias = head
        self.stop = only_token(tokenizer, BREAK)

    def write(self, problem: str, steps: Sequence[str]) -> Written:
        """The position of each step's last line end; line ends within a step become spaces, since they would end it."""
        ids, places = self.plain(f"{self.tokenizer.bos_token or ''}{problem}\n"), list[int]()
        for step in steps:
            ids += [*self.plain(" ".join(step.split())), self.stop]
            places.append(len(ids) - 1)
        return Written(tuple(ids), tuple(places))

    def chances(self, states: Tensor) -> Tensor:
        """The sigmoid of the value."""
        weight, bias = (one.to(states.device) for one in (self.weight, self.bias))
        return (states.float() @ weight.float().t() + bias.float())[:, 0].sigmoid()


def head_in(folder: Path) -> tuple[Tensor, Tensor] | None:
    """Weight and bias of the value head in a folder; None where there is none.

    Raises:
        ModelUnavailable: it is not one value wide.
    """
    from safetensors import safe_open

    files = folders.weight_files(folder, str(folder))
    held = {key: file for file in files for key in folders.tensors([file]) if key in (WEIGHT, BIAS)}
    if WEIGHT not in held:
        return None

    def read(key: str) -> Tensor:
        with safe_open(held[key], "pt") as opened:
            return opened.get_tensor(key)

    weight = read(WEIGHT)
    if weight.ndim != 2 or weight.shape[0] != 1:
        raise ModelUnavailable(f"The value head in {folder} is {list(weight.shape)} and not [1, hidden].")
    return weight, read(BIAS) if BIAS in held else weight.new_zeros(1)

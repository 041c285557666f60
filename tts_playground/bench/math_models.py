"""What ``bench math`` runs: the embedded models and problems, or random ones of their size where they are not there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.lm.model import TextModel
from tts_playground.models.loading import Loaded, Options
from tts_playground.models.prm.judge import StepJudge
from tts_playground.models.prm.token_labels import TokenLabels
from tts_playground.rewards.prm import ProcessReward
from tts_playground.tasks.reasoning import ReasoningTask

RANDOM = ", a random model of its size"
SIZE = {"hidden_size": 256, "intermediate_size": 672, "num_hidden_layers": 4, "num_attention_heads": 8}
LETTERS = [chr(code) for code in range(32, 127)]
ENDS = "</s>"


@dataclass(frozen=True)
class RandomJudge(ProcessReward):
    """A process reward around a judge that is loaded already."""

    judge: Any = field(default=None, compare=False)

    @property
    def _loaded(self) -> Loaded:
        return Loaded("random", "prm", Options("cpu", "float32"), "random", self.judge)


def model_or_random(name: str) -> tuple[Loaded, str]:
    """A loaded language model, and "" or what stands in for it."""
    options = Options("cpu", "float32")
    try:
        return loading.load(name, "lm", options), ""
    except ModelUnavailable:
        return Loaded("random", "lm", options, "random", _random_model()), RANDOM


def judge_or_random(name: str) -> tuple[ProcessReward, StepJudge, str]:
    """A process reward with its judge, and "" or what stands in for it."""
    try:
        judge = loading.load(name, "prm", Options("cpu", "float32")).value
        return ProcessReward(name, device="cpu", dtype="float32"), judge, ""
    except ModelUnavailable:
        judge = _random_judge()
        return RandomJudge(judge=judge), judge, RANDOM


def problems(count: int) -> list[ReasoningTask]:
    """So many small problems in words."""
    return [
        ReasoningTask(
            f"A shop has {12 + number} boxes with {3 + number % 5} pens in each. It sells {7 + 2 * number} pens. "
            "How many pens are left?",
            unique_id=str(number),
            system_prompt="",
        )
        for number in range(count)
    ]


def _tokenizer() -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {text: place for place, text in enumerate(["<pad>", "<s>", ENDS, "\n\n", "\n", *LETTERS])}
    core: Any = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n\n|\n|."), "isolated")
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", bos_token="<s>", eos_token=ENDS)


def _config(**more: Any) -> Any:
    from transformers import LlamaConfig

    sizes = SIZE | {"num_key_value_heads": 2, "vocab_size": 512, "max_position_embeddings": 1024}
    return LlamaConfig(**sizes, bos_token_id=1, eos_token_id=2, pad_token_id=0, initializer_range=0.08, **more)


def _random_model() -> TextModel:
    """Its texts have steps, and ends of all lengths, as those of a trained one."""
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(_config(tie_word_embeddings=False))
    with torch.no_grad():
        head = model.lm_head.weight
        head.normal_(0, 0.15)
        head[5 + len(LETTERS) :] = 0  # words that the tokenizer lacks
        head[2] *= 1.4
        head[3] *= 1.7
    return TextModel(model, _tokenizer())


def _random_judge() -> StepJudge:
    import torch
    from transformers import LlamaForTokenClassification

    torch.manual_seed(1)
    model = LlamaForTokenClassification(_config(num_labels=2)).eval()
    return StepJudge(model, TokenLabels(model, _tokenizer()))

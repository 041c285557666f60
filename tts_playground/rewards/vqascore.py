"""VQAScore (Lin et al. 2024): ask a vision-language model "Does this figure show '{text}'?" and take P("Yes").

One forward a batch, no text is generated: the probability is read off the first answer token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tts_playground.core import Cost, Sample
from tts_playground.errors import ModelUnavailable
from tts_playground.models import loading

QUESTION = "Does this figure show '{text}'? Please answer yes or no."
YES = ("Yes", "yes", " Yes", " yes")
NO = ("No", "no", " No", " no")
BATCH = 8


def answer_ids(tokenizer: Any, words: Sequence[str]) -> list[int]:
    """Ids of the words' first tokens, without those that are unknown to the tokenizer."""
    ids = {tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words}
    return sorted(ids - {tokenizer.unk_token_id})


@dataclass(frozen=True)
class VQAScore:
    """P("Yes") that the picture shows the prompt, 0 to 1, against P("No")."""

    model: str = "tiny:vlm"
    """any image-text-to-text model of transformers"""
    question: str = QUESTION
    device: str = "cpu"
    unit_cost: ClassVar[Cost] = Cost(verifier_calls=1)

    @property
    def _loaded(self) -> loading.Loaded:
        return loading.load(self.model, "vlm", loading.Options(self.device))

    @property
    def name(self) -> str:
        """ "vqascore", and which model where it is not ours."""
        return "vqascore" if self.model == "tiny:vlm" else f"vqascore:{self.model}"

    @property
    def revision(self) -> str:
        """Changes with the weights."""
        return self._loaded.revision

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One probability per picture.

        Raises:
            ModelUnavailable: the model's tokenizer knows no yes or no.
        """
        if not samples:
            return []
        import torch

        pair = self._loaded.value
        model, processor = pair.model, pair.processor
        yes, no = (answer_ids(processor.tokenizer, words) for words in (YES, NO))
        yes, no = [one for one in yes if one not in no], [one for one in no if one not in yes]
        if not yes or not no:
            raise ModelUnavailable(f"{self.model} cannot answer yes or no: its tokenizer has no such words.")
        said = [{"type": "image"}, {"type": "text", "text": self.question.format(text=task.prompt)}]
        text = processor.apply_chat_template([{"role": "user", "content": said}], add_generation_prompt=True)
        scores: list[float] = []
        for start in range(0, len(samples), BATCH):
            images = [[sample.content.convert("RGB")] for sample in samples[start : start + BATCH]]
            inputs = processor(text=[text] * len(images), images=images, return_tensors="pt", padding=True)
            with torch.inference_mode():
                logits = model(**inputs.to(model.device)).logits[:, -1].float()
            margin = logits[:, yes].logsumexp(-1) - logits[:, no].logsumexp(-1)
            scores += margin.sigmoid().cpu().tolist()
        return scores

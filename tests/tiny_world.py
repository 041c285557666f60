"""Random checkpoints of the sticker world, built as the trainers build them but in miniature and never trained."""

from __future__ import annotations

from pathlib import Path

import torch

from tts_playground.rewards.aesthetic import build_head, save_head
from tts_playground.train.clip import parts as clip_parts
from tts_playground.train.detector import trainer
from tts_playground.train.janus import parts
from tts_playground.train.janus.tokens import tokenizer
from tts_playground.train.janus.vq import save_half

CARD = "# {name}\n\nA toy.\n\n- Data: none.\n- Command: `none`\n- Seed: 0. Hardware: any. Time: 0 minutes.\n"


def save_world(folder: Path) -> dict[str, str]:
    """Folders "janus", "clip", "detector", "detector2" and "aesthetic" under ``folder``, each with a card."""
    torch.manual_seed(0)
    size = parts.MINIATURE
    model = parts.build_model(size, len(tokenizer()))
    with torch.no_grad():  # random heads are almost uniform: stretch the logits, as training does
        model.model.generation_head.vision_head.weight.normal_(0, 12 / size.width**0.5)
        model.model.generation_embeddings.weight.normal_(0, 3.0)
    save_half(model, folder / "janus")
    parts.build_processor(tokenizer(), size).save_pretrained(folder / "janus")
    words = clip_parts.build_tokenizer()
    clip_parts.build_model(clip_parts.MINIATURE, words).save_pretrained(folder / "clip")
    clip_parts.build_processor(words).save_pretrained(folder / "clip")
    for name in ("detector", "detector2"):
        trainer.build_model(trainer.MINIATURE).save_pretrained(folder / name)
        trainer.build_processor().save_pretrained(folder / name)
    save_head(build_head(clip_parts.MINIATURE.joint), folder / "aesthetic", "tiny:clip")
    for place in folder.iterdir():
        (place / "README.md").write_text(CARD.format(name=place.name))
    return {place.name: str(place) for place in folder.iterdir()}

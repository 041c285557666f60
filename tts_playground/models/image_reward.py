"""ImageReward's network (Xu et al. 2023) from its published file, on transformers' BLIP classes.

The file ImageReward.pt of THUDM/ImageReward is a state dict with Salesforce's names: ``blip.visual_encoder`` (a ViT),
``blip.text_encoder`` (a BERT that looks at the picture) and ``mlp.layers``. ``hf_names`` renames it by the rules of
transformers' own conversion of BLIP. Names and shapes are held to on loading; that the scores equal those of the
published code has not been measured on the real weights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tts_playground.errors import ModelUnavailable, PlaygroundError
from tts_playground.models.hub import folders, locator
from tts_playground.models.hub.building import building

FILES = ("ImageReward.safetensors", "ImageReward.pt", "model.safetensors")
"""what a folder is searched for"""
BERT = ("google-bert/bert-base-uncased", "bert-base-uncased")
"""whose words it reads, where its own folder has no tokenizer"""
LONGEST = 35
"""tokens of a prompt; shorter ones are padded to it, longer ones cut"""
HEAD_WIDTH = 64
"""numbers in an attention head of BLIP, of either size"""
_RULES: tuple[tuple[str, str], ...] = (
    (r"^blocks\.(\d+)\.attn\.proj\.", r"encoder.layers.\1.self_attn.projection."),
    (r"^blocks\.(\d+)\.attn\.", r"encoder.layers.\1.self_attn."),
    (r"^blocks\.(\d+)\.norm([12])\.", r"encoder.layers.\1.layer_norm\2."),
    (r"^blocks\.", "encoder.layers."),
    (r"^norm\.", "post_layernorm."),
    (r"^patch_embed\.proj\.", "embeddings.patch_embedding."),
    (r"^pos_embed$", "embeddings.position_embedding"),
    (r"^cls_token$", "embeddings.class_embedding"),
)


def hf_names(weights: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The published weights as those of ``BlipVisionModel``, ``BlipTextModel`` and the head; the rest is not used."""
    vision, text, head = {}, {}, {}
    for name, value in weights.items():
        part, _, rest = name.removeprefix("blip.").partition(".")
        if part == "visual_encoder":
            for said, own in _RULES:
                rest, found = re.subn(said, own, rest)
                if found:
                    break
            vision[rest] = value.float()
        elif part == "text_encoder" and not rest.endswith("position_ids"):
            text[rest] = value.float()
        elif part == "mlp":
            head[rest.removeprefix("layers.")] = value.float()
    return vision, text, head


def build(weights: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """The three networks with ``weights`` in them; sizes are read off the shapes.

    Raises:
        KeyError, IndexError, AttributeError, RuntimeError: they are not those of an ImageReward.
    """
    from torch import nn
    from transformers import BlipTextConfig, BlipVisionConfig
    from transformers.models.blip.modeling_blip import BlipVisionModel
    from transformers.models.blip.modeling_blip_text import BlipTextModel

    eyes, words, linear = hf_names(weights)
    patches, wide = eyes["embeddings.patch_embedding.weight"], eyes["embeddings.class_embedding"].shape[-1]
    side = round((eyes["embeddings.position_embedding"].shape[1] - 1) ** 0.5) * patches.shape[-1]
    vision = BlipVisionModel(
        BlipVisionConfig(
            hidden_size=wide,
            intermediate_size=eyes["encoder.layers.0.mlp.fc1.weight"].shape[0],
            num_hidden_layers=_layers(eyes, "encoder.layers."),
            num_attention_heads=max(1, wide // HEAD_WIDTH),
            image_size=side,
            patch_size=patches.shape[-1],
            layer_norm_eps=1e-6,
        )
    )
    table = words["embeddings.word_embeddings.weight"]
    text = BlipTextModel(
        BlipTextConfig(
            vocab_size=table.shape[0],
            hidden_size=table.shape[1],
            encoder_hidden_size=wide,
            intermediate_size=words["encoder.layer.0.intermediate.dense.weight"].shape[0],
            num_hidden_layers=_layers(words, "encoder.layer."),
            num_attention_heads=max(1, table.shape[1] // HEAD_WIDTH),
            max_position_embeddings=words["embeddings.position_embeddings.weight"].shape[0],
            is_decoder=True,  # has the layers that look at the picture; it is called as an encoder
        ),
        add_pooling_layer=False,
    )
    places = sorted({int(name.partition(".")[0]) for name in linear})
    if len(places) != 5:
        raise IndexError("its head has not five layers")
    sizes = [linear[f"{place}.weight"].shape for place in places]
    head = nn.Sequential(*(nn.Linear(before, after) for after, before in sizes))
    named = {f"{new}.{end}": linear[f"{old}.{end}"] for new, old in enumerate(places) for end in ("weight", "bias")}
    for network, own in ((vision, eyes), (text, words), (head, named)):
        network.load_state_dict(own)
    return vision.eval(), text.eval(), head.eval()


def _layers(weights: Mapping[str, Any], before: str) -> int:
    return 1 + max(int(name.removeprefix(before).partition(".")[0]) for name in weights if name.startswith(before))


def weights_file(name: str) -> Path:
    """The file of weights that a file or a folder names.

    Raises:
        ModelUnavailable: there is none.
    """
    path = Path(name).expanduser()
    found = next((path / one for one in FILES if (path / one).is_file()), path)
    if not found.is_file():
        raise ModelUnavailable(
            f"There is no ImageReward at {name!r}; give its file ImageReward.pt, or the folder with it."
        )
    return found


def _read(file: Path) -> dict[str, Any]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    import torch

    return torch.load(file, map_location="cpu", weights_only=True)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer, BertTokenizer

    here = [folder] if (folder / "tokenizer.json").is_file() or (folder / "vocab.txt").is_file() else []
    for place in (*here, *filter(None, map(locator.cached_tokenizer, BERT))):
        kind: Any = AutoTokenizer if (place / "tokenizer_config.json").is_file() else BertTokenizer
        return kind.from_pretrained(place, local_files_only=True)
    raise ModelUnavailable(
        f"ImageReward reads the words of {BERT[0]}, whose tokenizer is not here; put its vocab.txt into {folder}."
    )


@dataclass(frozen=True, eq=False)
class ImageRewardNetwork:
    """The loaded networks on a device."""

    vision: Any
    text: Any
    head: Any
    tokenizer: Any
    device: str

    def features(self, prompt: str, images: Sequence[Any], batch: int = 16) -> list[float]:
        """The head's raw output for each RGB picture (PIL) with ``prompt``."""
        import torch

        found: list[float] = []
        words = self.tokenizer(
            prompt, padding="max_length", truncation=True, max_length=LONGEST, return_tensors="pt"
        ).to(self.device)
        for start in range(0, len(images), batch):
            pixels = torch.stack([self._pixels(image) for image in images[start : start + batch]]).to(self.device)
            with torch.inference_mode():
                seen = self.vision(pixel_values=pixels).last_hidden_state
                told = self.text(
                    input_ids=words.input_ids.expand(len(pixels), -1),
                    attention_mask=words.attention_mask.expand(len(pixels), -1),
                    encoder_hidden_states=seen,
                    encoder_attention_mask=torch.ones(seen.shape[:-1], dtype=torch.long, device=seen.device),
                    is_decoder=False,
                ).last_hidden_state[:, 0]
                found += self.head(told).squeeze(-1).cpu().tolist()
        return found

    def _pixels(self, image: Any) -> Any:
        from torchvision.transforms import v2

        side = self.vision.config.image_size
        steps = [v2.Resize(side, v2.InterpolationMode.BICUBIC), v2.CenterCrop(side), v2.PILToTensor()]
        for step in steps:
            image = step(image)
        return v2.functional.normalize(image.float() / 255, MEAN_RGB, STD_RGB)


MEAN_RGB, STD_RGB = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
"""of CLIP's pictures"""


@cache
def load(name: str, device: str) -> ImageRewardNetwork:
    """The network in a file or a folder, in float32.

    Raises:
        ModelUnavailable: there is none, it holds something else or is damaged, its tokenizer is not here, or it does
            not fit into memory.
    """
    file = weights_file(name)
    locator.check_memory(name, locator.ModelFiles(None, file.stat().st_size // 4), device, 8.0)
    try:
        with building():
            parts = build(_read(file))
    except PlaygroundError:
        raise
    except Exception as error:  # a damaged file, or one of another network, fails in every way there is
        raise ModelUnavailable(f"{file} is no ImageReward: {folders.first_line(error)}") from error
    vision, text, head = (part.to(device) for part in parts)
    return ImageRewardNetwork(vision, text, head, _tokenizer(file.parent), device)

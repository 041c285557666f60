"""The plug-ins that ship, in the order in which menus show them. A new one is its own file and one row here."""

from __future__ import annotations

from typing import Any

from tts_playground.registry.entry import Entry
from tts_playground.registry.entry import rows_of as _rows
from tts_playground.registry.strategy_rows import ANSWERS, STRATEGIES
from tts_playground.registry.text_rows import TEXT_ROWS

TASK_NAMES = {
    "t2i": "pictures",
    "vqa": "answers about a picture",
    "sketch": "programs for a drawing",
    "choice": "choices in a picture",
    "text": "steps of reasoning in words",
}
"""task -> what its candidates are, in words"""


_STEPPED = ("Sampler", "StreamingSampler", "SteppedSampler")
_SAMPLERS = _rows(
    "sampler",
    "samplers.",
    (
        "image-tokens",
        "image_tokens:ImageTokens",
        {
            "label": "image tokens",
            "summary": "pictures token by token from a Janus",
            "tasks": ("t2i",),
            "needs": "model",
            "provides": (*_STEPPED, "ForetellingSampler"),
        },
    ),
    (
        "diffusion",
        "diffusion:DiffusionSampler",
        {
            "label": "diffusion",
            "summary": "pictures by denoising, from any pipeline of diffusers that takes latents",
            "tasks": ("t2i",),
            "needs": "model",
            "provides": (*_STEPPED, "NoiseSampler"),
        },
    ),
    (
        "proposal",
        "proposal:ProposalSampler",
        {
            "label": "proposal",
            "summary": "shapes proposed by what is left to explain; needs no model",
            "tasks": ("sketch",),
            "provides": ("Sampler", "SteppedSampler", "Neighbourhood", "RevisingSampler"),
        },
    ),
    (
        "tiny:sketch",
        "programs:ProgramSampler",
        {
            "label": "tiny:sketch",
            "summary": "a small vision-language model that writes programs",
            "tasks": ("sketch",),
            "provides": ("Sampler", "Neighbourhood", "RevisingSampler"),
        },
    ),
    (
        "vlm",
        "vlm:VlmSampler",
        {
            "label": "VLM",
            "summary": "replies of a vision-language model",
            "tasks": ("vqa",),
            "needs": "model",
            "provides": (*_STEPPED, "RevisingSampler", "ContinuingSampler", "ForetellingSampler"),
        },
    ),
    (
        "endpoint",
        "endpoint:EndpointSampler",
        {
            "label": "endpoint",
            "summary": "replies of an OpenAI-compatible server",
            "tasks": ("vqa",),
            "needs": "model",
            "provides": ("Sampler", "StreamingSampler", "RevisingSampler"),
        },
    ),
)
_REWARDS = _rows(
    "reward",
    "",
    (
        "clip",
        "rewards.clip:ClipReward",
        {
            "label": "CLIP score",
            "summary": "how well the picture fits the prompt: the cosine of their CLIP embeddings",
            "tasks": ("t2i",),
            "parameter": "HUB_OR_FOLDER",
        },
    ),
    (
        "aesthetic",
        "rewards.aesthetic:AestheticReward",
        {
            "label": "aesthetic score",
            "summary": "how good the picture looks, whatever was asked for",
            "tasks": ("t2i",),
            "parameter": "FILE.pth",
        },
    ),
    (
        "clip:openai/clip-vit-base-patch32",
        "rewards.clip:ClipReward",
        {"label": "CLIP B/32 score", "summary": "the same by OpenAI's CLIP B/32", "tasks": ("t2i",)},
    ),
    (
        "clip:openai/clip-vit-large-patch14",
        "rewards.clip:ClipReward",
        {"label": "CLIP L/14 score", "summary": "the same by OpenAI's CLIP L/14", "tasks": ("t2i",)},
    ),
    (
        "sharpness",
        "rewards.baselines:Sharpness",
        {"label": "sharpness", "summary": "how much the picture changes from pixel to pixel", "tasks": ("t2i",)},
    ),
    (
        "colourfulness",
        "rewards.baselines:Colourfulness",
        {"label": "colourfulness", "summary": "how strong and varied its colours are", "tasks": ("t2i",)},
    ),
    (
        "open_clip",
        "rewards.open_clip:OpenClipReward",
        {
            "label": "open_clip score",
            "summary": "CLIP score by any model of the open_clip package",
            "tasks": ("t2i",),
            "parameter": "ARCH/PRETRAINED",
        },
    ),
    (
        "pickscore",
        "rewards.pickscore:PickScore",
        {
            "label": "PickScore",
            "summary": "which of two pictures people would prefer for the prompt",
            "tasks": ("t2i",),
            "parameter": "FOLDER",
        },
    ),
    (
        "imagereward",
        "rewards.image_reward:ImageReward",
        {
            "label": "ImageReward",
            "summary": "which pictures people prefer for the prompt, by a BLIP that reads both",
            "tasks": ("t2i",),
            "parameter": "FILE_OR_FOLDER",
        },
    ),
    (
        "hpsv2",
        "rewards.hpsv2:HPSv2",
        {
            "label": "HPSv2.1",
            "summary": "which pictures people prefer for the prompt, by open_clip's ViT-H-14",
            "tasks": ("t2i",),
            "parameter": "FILE",
        },
    ),
    (
        "vqascore",
        "rewards.vqascore:VQAScore",
        {
            "label": "VQAScore",
            "summary": "P(yes) of a vision-language model that the picture shows the prompt",
            "tasks": ("t2i",),
            "parameter": "MODEL",
        },
    ),
    (
        "p_yes",
        "verifiers.self_verify:PYes",
        {"label": "P(yes)", "summary": "how surely the model says that its answer is correct", "tasks": ("vqa",)},
    ),
    (
        "rating",
        "verifiers.self_verify:Rating",
        {"label": "rating", "summary": "the rating from 0 to 10 that the model expects to give", "tasks": ("vqa",)},
    ),
    (
        "logprob",
        "verifiers.self_verify:SequenceLogprob",
        {"label": "log p", "summary": "how likely the model finds its own reply", "tasks": ("vqa",)},
    ),
    (
        "fit",
        "rewards.iou:FitReward",
        {"label": "fit", "summary": "IoU with the drawing, less a price for every shape", "tasks": ("sketch",)},
    ),
    ("iou", "rewards.iou:IoUReward", {"label": "IoU", "summary": "IoU with the drawing", "tasks": ("sketch",)}),
    (
        "pixels",
        "rewards.pixels:PixelsReward",
        {
            "label": "IoU on half of the pixels",
            "summary": "IoU where a program is shown the drawing, or where it is not (seen, held-out)",
            "tasks": ("sketch",),
            "parameter": "PART",
        },
    ),
)
_VERIFIERS = _rows(
    "verifier",
    "verifiers.",
    (
        "geneval",
        "geneval:GenEval",
        {
            "label": "GenEval-style check",
            "summary": "a detector finds what the prompt asks for, and rules decide",
            "tasks": ("t2i",),
            "parameter": "DETECTOR",
        },
    ),
    (
        "geneval:facebook/detr-resnet-50",
        "geneval:GenEval",
        {
            "label": "GenEval-style check by DETR",
            "summary": "the same for photographs: DETR finds COCO's 80 things, and a CLIP tells colours",
            "tasks": ("t2i",),
        },
    ),
    (
        "geneval:PekingU/rtdetr_r50vd",
        "geneval:GenEval",
        {
            "label": "GenEval-style check by RT-DETR",
            "summary": "the same by RT-DETR",
            "tasks": ("t2i",),
        },
    ),
    (
        "render",
        "render:RenderVerifier",
        {"label": "renderer", "summary": "draws the program and compares it with the drawing", "tasks": ("sketch",)},
    ),
)
_SELECTORS = _rows(
    "selector",
    "verifiers.selectors:",
    (
        "verifier",
        "Verified",
        {"label": "verifier", "summary": "the answer with the highest P(yes)", "tasks": ANSWERS, "needs": "p_yes"},
    ),
    ("majority", "Majority", {"label": "majority", "summary": "the answer with the most votes", "tasks": ANSWERS}),
    (
        "weighted",
        "WeightedVotes",
        {
            "label": "weighted votes",
            "summary": "the answer whose votes weigh most, each by its P(yes)",
            "tasks": ANSWERS,
            "needs": "p_yes",
        },
    ),
    (
        "rating",
        "Rated",
        {"label": "rating", "summary": "the answer with the highest rating", "tasks": ANSWERS, "needs": "rating"},
    ),
    (
        "logprob",
        "Likeliest",
        {"label": "log p", "summary": "the likeliest answer", "tasks": ANSWERS, "needs": "logprob"},
    ),
    ("single", "First", {"label": "single", "summary": "the first answer", "tasks": ANSWERS}),
)
_LARGE: dict[str, Any] = {"needs": "cuda"}
_MODELS = _rows(
    "model",
    "models.",
    ("tiny:janus", "loading:janus", {"summary": "embedded; knows the sticker world", "tasks": ("t2i",)}),
    ("tiny:flow", "loading:diffusion", {"summary": "embedded; denoises, knows the sticker world", "tasks": ("t2i",)}),
    ("deepseek-community/Janus-Pro-1B", "loading:janus", {"summary": "4 GB", "tasks": ("t2i",), **_LARGE}),
    ("deepseek-community/Janus-Pro-7B", "loading:janus", {"summary": "15 GB", "tasks": ("t2i",), **_LARGE}),
    (
        "Efficient-Large-Model/SANA1.5_1.6B_1024px_diffusers",
        "loading:diffusion",
        {"summary": "10 GB; denoises", "tasks": ("t2i",), **_LARGE},
    ),
    ("tiny:vlm", "loading:vlm", {"summary": "embedded; reads small charts", "tasks": ("vqa", "choice")}),
    ("Qwen/Qwen2-VL-2B-Instruct", "loading:vlm", {"summary": "4 GB", "tasks": ("vqa",), **_LARGE}),
    ("google/gemma-3-4b-it", "loading:vlm", {"summary": "9 GB, gated", "tasks": ("vqa",), **_LARGE}),
    ("llava-hf/llava-1.5-7b-hf", "loading:vlm", {"summary": "14 GB", "tasks": ("vqa", "choice"), **_LARGE}),
    ("tiny:sketch", "adapters:load", {"summary": "embedded; writes programs", "tasks": ("sketch",)}),
)
_BENCHES = _rows(
    "bench",
    "bench.",
    ("t2i", "t2i:run", {"summary": "the token loop of images"}),
    ("vqa", "vqa:run", {"summary": "answers and their verifications"}),
    ("dsl", "dsl:run", {"summary": "the renderer and the mask engine"}),
    ("sketch", "sketch:run", {"summary": "from drawings to programs"}),
    ("curves", "curves:run", {"summary": "exact best-of-N curves"}),
    ("audit", "audit:run", {"summary": "an exact audit against drawn replies"}),
    ("math", "math:run", {"summary": "solutions in steps, their judging, and beams side by side"}),
    ("load", "load_week:run", {"summary": "thirty people at once, or a mixed crowd for as long as is wished"}),
    ("cluster", "cluster:run", {"summary": "two workers against one process, and as many as 512 simulated"}),
    ("gpu", "gpu:run", {"summary": "big models on one NVIDIA GPU"}),
    ("stickers", "stickers:run", {"summary": "scenes of the sticker world and plain generation"}),
)
_EVALS = _rows(
    "eval",
    "evaluation.",
    ("stickers", "stickers:run", {"summary": "the models of the sticker world", "tasks": ("t2i",)}),
    ("flow", "flow:run", {"summary": "a pipeline that denoises, on stickers-eval", "tasks": ("t2i",)}),
    ("vlm", "vlm:run", {"summary": "answers on infographics-eval", "tasks": ("vqa",)}),
    ("sketch", "sketch:run", {"summary": "programs for held-out drawings", "tasks": ("sketch",)}),
    ("pass-at-k", "pass_at_k:run", {"summary": "sampling against training", "tasks": ("sketch",)}),
    ("math", "math:run", {"summary": "solutions of math-eval, and their judges", "tasks": ("text",)}),
)
_TABS = _rows(
    "tab",
    "ui.",
    ("t2i", "t2i:TAB", {"label": "Text-to-Image Best-of-N", "tasks": ("t2i",)}),
    ("vqa", "vqa:TAB", {"label": "VQA Verifier", "tasks": ("vqa",)}),
    ("sketch", "sketch:TAB", {"label": "DSL Sketch-to-Program", "tasks": ("sketch",)}),
    ("audit", "audit:TAB", {"label": "Random-Choice Audit", "tasks": ("choice",)}),
    ("math", "math:TAB", {"label": "Reasoning Steps", "tasks": ("text",)}),
)
SHIPPED: tuple[Entry, ...] = (
    *_SAMPLERS,
    *_REWARDS,
    *_VERIFIERS,
    *STRATEGIES,
    *_SELECTORS,
    *_MODELS,
    *_BENCHES,
    *_EVALS,
    *_TABS,
    *TEXT_ROWS,
)

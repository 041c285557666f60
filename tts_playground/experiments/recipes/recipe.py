"""The keys of a recipe: those of search-and-learn (Beeching et al. 2024), with their published defaults, and ours."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from tts_playground.errors import BadInput
from tts_playground.tasks.reasoning import SYSTEM_PROMPT
from tts_playground.typed import checked_text, typed

Approach = Literal["best_of_n", "beam_search", "dvts", "rebase", "mcts"]
APPROACHES: tuple[str, ...] = get_args(Approach)
MOST = 1024
"""completions of a problem"""
LONGEST_PROMPT = 20_000
"""characters of a system prompt, and of a chat template"""
PUBLISHED_PROMPT = """Solve the following math problem efficiently and clearly:

- For simple problems (2 steps or fewer):
Provide a concise solution with minimal explanation.

- For complex problems (3 steps or more):
Use this step-by-step format:

## Step 1: [Concise description]
[Brief explanation and calculations]

## Step 2: [Concise description]
[Brief explanation and calculations]

...

Regardless of the approach, always conclude with:

Therefore, the final answer is: $\\boxed{answer}$. I hope it is correct.

Where [answer] is just the final number or expression that solves the problem."""
"""the value of ``system_prompt`` with which search-and-learn's recipes (Apache-2.0) were measured"""


@dataclass(frozen=True)
@typed
class Recipe:
    """Everything that a run depends on. Fields are the keys of the YAML file.

    Raises:
        BadInput: a value is of another type, or out of its range; the sentence names the key.
    """

    approach: Approach = "best_of_n"
    """best_of_n, beam_search, dvts, and ours: rebase, mcts"""
    model_path: str = "meta-llama/Llama-3.2-1B-Instruct"
    """tiny:math, a hub id, a folder, endpoint:NAME@URL or vllm:HUB_ID"""
    prm_path: str = "RLHFlow/Llama3.1-8B-PRM-Deepseek-Data"
    """the process reward: tiny:prm, a hub id or a folder"""
    n: int = 4
    """completions of a problem, 1 to 1024; of dvts a multiple of ``beam_width``"""
    temperature: float = 0.8
    """0.0001 to 5; 0 is greedy"""
    top_p: float = 1.0
    """(0, 1]"""
    max_tokens: int = 2048
    """tokens of a whole completion, 1 to 65536; the published search allows as many for each step"""
    seed: int = 42
    """0 or more: same recipe, same rows"""
    agg_strategy: Literal["last", "min", "prod", "mean"] = "last"
    """what makes one number of a completion's step scores; mean is ours"""
    beam_width: int = 4
    """children of a prefix that is kept, 1 to 1024"""
    num_iterations: int = 40
    """steps, 1 to 256; the last one goes on to the end"""
    lookahead: int = 0
    """of beam_search and dvts: further steps, drawn greedily, before a prefix is scored, 0 to 16"""
    filter_duplicates: bool = False
    """of beam_search: of prefixes that say the same one is kept"""
    sort_completed: bool = False
    """of beam_search: the n best of what it completed instead of the first n"""
    system_prompt: str | None = None
    """how to solve; none is the published one, or for tiny:math the one it has learned; "" says nothing"""
    custom_chat_template: str | None = None
    """Jinja in place of the model's own template, which none is: a half-written reply never goes through it here"""
    dataset_name: str = "HuggingFaceH4/MATH-500"
    """math-eval, a hub id, a folder, or a file of problems"""
    dataset_config: str | None = None
    """of a hub id"""
    dataset_split: str = "test"
    """of a hub id"""
    dataset_start: int | None = None
    """the first problem, counted from 0; with ``dataset_end`` the rows are a chunk and have a file of their own"""
    dataset_end: int | None = None
    """the problem after the last one"""
    num_samples: int | None = None
    """problems at most"""
    output_dir: str | None = None
    """where APPROACH_completions.jsonl goes; none is data/MODEL_PATH"""
    apply_voting: bool = True
    """whether rows have the columns pred_*@N"""
    search_batch_size: int = 25
    """problems under way at once; 1 leaves that to the running batch, as searches share one here"""
    prm_batch_size: int = 4
    """accepted and not needed: batches fit themselves to the memory"""
    gpu_memory_utilization: float = 0.5
    """accepted; part of the GPU's memory that vllm:HUB_ID may take, above 0 and at most 1"""
    num_proc: int | None = None
    """accepted and not needed: nothing is mapped in processes"""
    push_to_hub: bool = False
    """whether the rows go to the hub, too, as a revision of a data set; one that is there is not drawn again"""
    hub_dataset_id: str | None = None
    """of push_to_hub: OWNER/NAME; none is MODEL-APPROACH-prm-completions of whoever is logged in"""
    hub_dataset_private: bool = False
    """of push_to_hub: a data set that is made for it is private"""
    overwrite_hub_revision: bool = False
    """of push_to_hub: draw and push again what is there"""
    load_in_4bit: bool = False
    """weights of the model in 4 bits (bitsandbytes)"""
    dtype: str = "auto"
    """ours: precision of the model, as in ``models.load_options``"""
    device: str = "auto"
    """ours: where both models run: auto, cpu, cuda or cuda:1"""
    trust_code: str = ""
    """ours: consent to run the code of the model's repository, "REPO@COMMIT" or "FOLDER@FINGERPRINT" """
    prm_trust_code: str = ""
    """ours: the same of the process reward's"""
    rebase_temperature: float = 0.2
    """ours, of rebase: tau of its shares, above 0"""
    exploration: float = 1.0
    """ours, of mcts: c of UCT, 0 or more"""
    mcts_value: Literal["reward", "rollout"] = "reward"
    """ours, of mcts: what a fresh child is worth"""

    def __post_init__(self) -> None:
        ranges = {
            "n": (1 <= self.n <= MOST, f"1 to {MOST}"),
            "temperature": (self.temperature == 0 or 1e-4 <= self.temperature <= 5, "0, or 0.0001 to 5"),
            "top_p": (0 < self.top_p <= 1, "above 0 and at most 1"),
            "max_tokens": (1 <= self.max_tokens <= 65536, "1 to 65536"),
            "seed": (0 <= self.seed < 1 << 63, "0 or more, and below 2^63"),
            "beam_width": (1 <= self.beam_width <= MOST, f"1 to {MOST}"),
            "num_iterations": (1 <= self.num_iterations <= 256, "1 to 256"),
            "lookahead": (0 <= self.lookahead <= 16, "0 to 16"),
            "search_batch_size": (self.search_batch_size >= 1, "1 or more"),
            "prm_batch_size": (self.prm_batch_size >= 1, "1 or more"),
            "gpu_memory_utilization": (0 < self.gpu_memory_utilization <= 1, "above 0 and at most 1"),
            "num_proc": (self.num_proc is None or self.num_proc >= 1, "1 or more, or none"),
            "num_samples": (self.num_samples is None or self.num_samples >= 1, "1 or more, or none"),
            "dataset_start": (self.dataset_start is None or self.dataset_start >= 0, "0 or more, or none"),
            "dataset_end": (self.dataset_end is None or self.dataset_end > (self.dataset_start or 0), _AFTER),
            "rebase_temperature": (0 < self.rebase_temperature <= 1e6, "above 0"),
            "exploration": (0 <= self.exploration <= 1e6, "0 or more"),
        }
        for name, (fits, words) in ranges.items():
            if not fits:
                raise BadInput(f"The recipe's {name} must be {words}, not {getattr(self, name):g}.")
        for name in ("model_path", "prm_path", "dataset_name", "dataset_split"):
            if not getattr(self, name).strip():
                raise BadInput(f"The recipe's {name} is empty; name one.")
        for name in ("system_prompt", "custom_chat_template"):
            if len(getattr(self, name) or "") > LONGEST_PROMPT:
                raise BadInput(f"The recipe's {name} is longer than {LONGEST_PROMPT:,} characters.")
            checked_text(f"The recipe's {name}", getattr(self, name) or "")
        if self.approach == "dvts" and self.n % self.beam_width:
            raise BadInput(f"The recipe's n must be a multiple of beam_width for dvts, and {self.n} is not one of "
                           f"{self.beam_width}.")  # fmt: skip

    @property
    def prompt(self) -> str:
        """The system prompt that the model is told."""
        if self.system_prompt is not None:
            return self.system_prompt
        return SYSTEM_PROMPT if self.model_path.startswith("tiny:") else PUBLISHED_PROMPT

    @property
    def folder(self) -> str:
        """Where the rows go; no colon in it, which some systems cannot have in names."""
        return self.output_dir or "data/" + self.model_path.replace("://", "/").replace(":", "-")

    @property
    def end(self) -> int | None:
        """The problem after the last one that is asked for; None is the end of the set."""
        ends = [self.dataset_end]
        ends.append(None if self.num_samples is None else (self.dataset_start or 0) + self.num_samples)
        return min((end for end in ends if end is not None), default=None)

    @property
    def chunk(self) -> str:
        """What names of files and revisions end with where these are a part of the set, else ""."""
        if self.dataset_start is None or self.dataset_end is None:
            return ""
        return f"--chunk-{self.dataset_start}_{self.dataset_end}"

    def deciding(self) -> dict[str, Any]:
        """The keys that decide what stands in a row, with their values."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _AROUND}

    def changed(self) -> dict[str, Any]:
        """The keys whose values are not their defaults."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}


_AFTER = "more than dataset_start, or none"
_AROUND = {
    *("dataset_start", "dataset_end", "num_samples", "output_dir", "search_batch_size", "prm_batch_size", "num_proc"),
    *("gpu_memory_utilization", "push_to_hub", "hub_dataset_id", "hub_dataset_private", "overwrite_hub_revision"),
    *("device", "trust_code", "prm_trust_code"),
}
"""keys with which rows of one file may differ: which problems, where they go, and how fast"""
PAGE_KEYS = frozenset({
    *("approach", "n", "temperature", "top_p", "max_tokens", "seed", "agg_strategy", "beam_width", "num_iterations"),
    *("lookahead", "filter_duplicates", "sort_completed", "rebase_temperature", "exploration", "mcts_value"),
})  # fmt: skip
"""keys of sampling and strategy: all that a page takes from what somebody typed there"""
KEYS: tuple[str, ...] = tuple(one.name for one in fields(Recipe))

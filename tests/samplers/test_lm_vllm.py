"""vLLM's own Python API by a stub with its names: what is asked of it, what is made of its replies, and without it."""

import random
import sys
from types import ModuleType, SimpleNamespace

import pytest
import tiny_texts

from tts_playground.errors import ModelUnavailable
from tts_playground.samplers import lm_vllm
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.samplers.lm_vllm import VllmSolutions
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.testing import check_stepped_sampler

TASK = ReasoningTask("what is two and three?", system_prompt="add it")
SETTINGS = SolutionSettings(temperature=1.0, max_tokens=30, max_steps=5, top_k=0)


class Engine:
    """Continues token lists as vLLM does: by each request's own seed, up to a stop string, the end or the most."""

    made = 0

    def __init__(self, model, dtype, gpu_memory_utilization, enable_prefix_caching):
        assert enable_prefix_caching and 0 < gpu_memory_utilization <= 1
        Engine.made += 1
        self.words, self.calls = tiny_texts.tokenizer(), []
        if model == "too/large":
            raise ValueError("No available memory for the cache blocks.\nmore")

    def get_tokenizer(self):
        return self.words

    def generate(self, prompts, params, use_tqdm):
        self.calls.append([(self.words.decode(p["prompt_token_ids"]), q) for p, q in zip(prompts, params, strict=True)])
        return [
            SimpleNamespace(outputs=[self._one(p["prompt_token_ids"], q)]) for p, q in zip(prompts, params, strict=True)
        ]

    def _one(self, ids, params):
        dice, text, tokens, why, at = random.Random(f"{params.seed} {ids}"), "", [], "length", None
        while len(tokens) < params.max_tokens:
            if params.temperature and dice.random() < 0.08:
                why = "stop"
                break
            word = dice.choice(["two", " and", " three", "\n\n", "."])
            tokens.append(self.words.convert_tokens_to_ids(word))
            text += word
            at = next((one for one in params.stop if one in text), None)
            if at:
                why = "stop"
                break
        rows = [{token: SimpleNamespace(logprob=-1.5)} for token in tokens]
        return SimpleNamespace(text=text, token_ids=tokens, logprobs=rows, finish_reason=why, stop_reason=at)


@pytest.fixture
def vllm(monkeypatch):
    module = ModuleType("vllm")
    module.LLM, module.SamplingParams = Engine, SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)
    lm_vllm._engine.cache_clear()
    Engine.made = 0
    yield
    lm_vllm._engine.cache_clear()


def test_the_laws(vllm):
    check_stepped_sampler(VllmSolutions("a/model", SETTINGS), TASK, n=5)
    assert Engine.made == 1


def test_all_that_waits_goes_on_in_one_call(vllm):
    made = VllmSolutions("a/model", SETTINGS)
    paths = made.step(TASK, made.start(TASK, range(6), seed=3))
    calls = lm_vllm._engine("a/model", "auto", 0.5).calls
    assert [len(call) for call in calls] == [6]
    prompt, params = calls[0][0]
    assert "what is two and three?" in prompt and params.stop == ["\n\n"] and params.include_stop_str_in_output
    assert params.top_k == -1 and params.max_tokens == 30 and len({one.seed for _, one in calls[0]}) == 6
    made.step(TASK, paths)
    assert all(one[0].endswith(path.text) for one, path in zip(calls[1], [p for p in paths if not p.done], strict=True))
    (sample,) = made.draw(TASK, [0], seed=3)
    assert set(sample.info["logprobs"]) <= {-1.5} and len(sample.info["logprobs"]) == sample.cost.tokens


def test_without_vllm_it_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ModelUnavailable, match="vLLM is not installed here"):
        VllmSolutions("a/model", SETTINGS)


def test_a_model_that_vllm_cannot_load_is_one_sentence(vllm):
    with pytest.raises(ModelUnavailable, match="cannot load 'too/large': No available memory for the cache blocks.$"):
        list(VllmSolutions("too/large", SETTINGS).draw(TASK, [0]))

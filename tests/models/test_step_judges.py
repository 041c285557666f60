"""Each form of process reward model on a random checkpoint of its own class, against scores made by hand."""

import json
import math
import sys

import pytest
import tiny_texts
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForTokenClassification,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForTokenClassification,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2ForTokenClassification,
)

from tts_playground.errors import CannotDo, ModelUnavailable, UnknownName
from tts_playground.models import loading
from tts_playground.models.hub.code_pins import fingerprint
from tts_playground.models.loading import Options
from tts_playground.models.prm import judge as judging
from tts_playground.tasks.solving import solve

PROBLEM = "what is two and three?"
STEPS = (
    ("## Step 1: add two and three", "so it is 5", "the final answer is $\\boxed{5}$"),
    ("## Step 1: add two and three", "so it is 6"),
    ("we times all",),
    ("## Step 1: add two and three", "two\nlines", "the final answer is $\\boxed{5}$"),
)
CPU = Options("cpu", "float32")
OWN = """
import torch
from torch import nn
from transformers import Qwen2Model, Qwen2PreTrainedModel
class OwnReward(Qwen2PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.model = Qwen2Model(config)
        wide = config.hidden_size
        self.score = nn.Sequential(nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, 2))
        self.post_init()
    def forward(self, input_ids=None, attention_mask=None, use_cache=None, **more):
        return (self.score(self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)[0]),)
"""


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    before = list(sys.path)
    yield
    sys.path[:] = before  # where code of a checkpoint was put, for this test alone
    for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
        del sys.modules[name]
    loading.forget()


def sizes(words, **more):
    plain = {"vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    return plain | {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 384} | more


def saved(folder, model, words):
    torch.manual_seed(3)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.normal_(0, 0.3)
    model.eval().save_pretrained(folder)
    words.save_pretrained(folder)
    return model


def chats(folder):
    words = tiny_texts.tokenizer()
    model = saved(folder, LlamaForCausalLM(LlamaConfig(**sizes(words))), words)

    def by_hand(steps):
        plus, minus = words.convert_tokens_to_ids(["+", "-"])
        text, found = "<s>", []
        for number, step in enumerate(steps):
            text += f"<|user|>{PROBLEM} {step}<|end|>" if not number else f"<|user|>{step}<|end|>"
            found.append(alone(model, words, text)[[plus, minus]].softmax(-1)[0])
            text += "+</s>"
        return found

    return by_hand


def tags(folder):
    words = tiny_texts.tokenizer(chats=False, extra=("ки", " ки"))
    model = saved(folder, LlamaForCausalLM(LlamaConfig(**sizes(words))), words)

    def by_hand(steps):
        plus, minus = words.convert_tokens_to_ids(["+", "-"])
        shown = [f"{PROBLEM} " + "\n".join(f"{step} ки" for step in steps[: end + 1]) for end in range(len(steps))]
        return [alone(model, words, text)[[plus, minus]].softmax(-1)[0] for text in shown]

    return by_hand


def labels(folder):
    words = tiny_texts.tokenizer()
    model = saved(folder, LlamaForTokenClassification(LlamaConfig(**sizes(words, num_labels=2))), words)

    def by_hand(steps):
        shown = ["<s>" + "\n\n".join((PROBLEM, *steps[: end + 1])) + "\n\n" for end in range(len(steps))]
        return [alone(model, words, text).softmax(-1)[1] for text in shown]

    return by_hand


def values(folder):
    words = tiny_texts.qwen_tokenizer()
    model = saved(folder, Qwen2ForCausalLM(Qwen2Config(**sizes(words, tie_word_embeddings=True))), words)
    weight, bias = torch.randn(1, 32, generator=torch.Generator().manual_seed(4)), torch.tensor([0.3])
    held = load_file(folder / "model.safetensors")
    head = {"v_head.summary.weight": weight, "v_head.summary.bias": bias}
    save_file(held | head, folder / "model.safetensors", {"format": "pt"})

    def by_hand(steps):
        found = []
        for end in range(len(steps)):
            text = f"{words.bos_token or ''}{PROBLEM}\n" + "".join(
                f"{' '.join(step.split())}\n" for step in steps[: end + 1]
            )
            state = alone(model.model, words, text)
            found.append(torch.sigmoid(weight[0] @ state + bias[0]))
        return found

    return by_hand


FORMS = {"chats": chats, "tags": tags, "labels": labels, "values": values}


@torch.inference_mode()
def alone(model, words, text):
    """What a model gives at the last token of a text that it reads by itself: logits, or a hidden state."""
    out = model(input_ids=torch.tensor([words(text, add_special_tokens=False)["input_ids"]]))
    return (out[0])[0, -1].float()


@pytest.mark.parametrize("name", FORMS)
def test_every_step_is_scored_as_by_hand_in_one_batch(name, tmp_path):
    by_hand = FORMS[name](tmp_path)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    asked = [(PROBLEM, steps) for steps in STEPS]
    expected = [[float(one) for one in by_hand(steps)] for steps in STEPS]
    together = judge.step_scores([*asked, (PROBLEM, ()), asked[0]])
    assert [len(one) for one in together] == [3, 2, 1, 3, 0, 3]
    for wanted, scores in zip(expected, together, strict=False):
        assert scores == pytest.approx(wanted, abs=1e-5)
    assert together[5] == together[0] and max(map(max, expected)) - min(map(min, expected)) > 0.05
    judge.forget()
    (single,) = judge.step_scores(asked[:1])
    assert single == pytest.approx(expected[0], abs=1e-5)
    judge.forget()
    other = judge.step_scores([("what is all of it?", STEPS[0]), asked[0]])
    assert other[1] == pytest.approx(expected[0], abs=1e-5) and other[0] != pytest.approx(expected[0], abs=1e-3)


@pytest.mark.parametrize("name", FORMS)
def test_a_solution_costs_one_forward_and_what_all_begin_with_is_read_once(name, tmp_path, monkeypatch):
    FORMS[name](tmp_path)
    monkeypatch.setattr(judging, "UNEVEN", 1000)  # else short ones and long ones are read apart
    judge = loading.load(str(tmp_path), "prm", CPU).value
    read = []
    states = judge.form.states
    monkeypatch.setattr(judge.form, "states", lambda ids, *more: read.append(ids.shape) or states(ids, *more))
    judge.step_scores([(PROBLEM, STEPS[0])])
    judge.forget()
    assert [shape[0] for shape in read] == [1]
    read.clear()
    judge.step_scores([(PROBLEM, steps) for steps in STEPS])
    shared = judge.form.write(PROBLEM, STEPS[0]).ids
    assert len(read) <= 2 and read[-1][0] == len(STEPS)
    if len(read) == 2:
        assert read[0][0] == 1 and sum(shape[1] for shape in read) == max(
            len(judge.form.write(PROBLEM, steps).ids) for steps in STEPS
        )
        assert read[0][1] < len(shared)


@pytest.mark.parametrize("name", FORMS)
def test_a_further_step_of_a_search_costs_its_own_tokens_and_scores_the_same(name, tmp_path, monkeypatch):
    by_hand = FORMS[name](tmp_path)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    begun = [steps[:1] for steps in STEPS if len(steps) > 1] + [STEPS[0][:2]]
    judge.step_scores([(PROBLEM, steps) for steps in begun], [True] * len(begun))
    read, states = [], judge.form.states
    monkeypatch.setattr(judge.form, "states", lambda ids, *more: read.append(ids.shape) or states(ids, *more))
    further = [*STEPS, (*STEPS[0][:1], "so", "we", "add")]
    found = judge.step_scores([(PROBLEM, steps) for steps in further], [True] * len(further))
    for steps, scores in zip(further, found, strict=True):
        assert scores == pytest.approx([float(one) for one in by_hand(steps)], abs=1e-5)
    whole = [len(judge.form.write(PROBLEM, steps).ids) for steps in further]
    tokens = sum(rows * length for rows, length in read)
    assert tokens < 0.75 * sum(whole), (read, whole)


@pytest.mark.parametrize("name", FORMS)
def test_scores_of_one_problem_are_the_same_bits_whatever_else_is_asked(name, tmp_path):
    """So that rows of a run do not depend on which problems a worker holds together."""
    FORMS[name](tmp_path)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    mine = [(PROBLEM, steps[:end]) for end in (1, 2) for steps in STEPS]
    others = [(f"what is {word} and one?", STEPS[place][:1]) for place, word in enumerate(("two", "three", "six"))]

    def told(extra):
        judge.forget()
        for asked in (mine[: len(STEPS)], mine[len(STEPS) :]):
            found = judge.step_scores([*extra, *asked], [True] * (len(extra) + len(asked)))[len(extra) :]
            extra = [(problem, (*steps, "so it is 5")) for problem, steps in extra]
        return found

    assert told([]) == told(others) == told(others[:1])


def qwen(folder):
    """A checkpoint that only its own code can load."""
    words = tiny_texts.qwen_tokenizer("<extra_0>")
    torch.manual_seed(0)
    space: dict = {}
    exec(OWN, space)
    model = space["OwnReward"](Qwen2Config(**sizes(words)))
    saved(folder, model, words)
    (folder / "modeling_own.py").write_text(OWN)
    path = folder / "config.json"
    facts = {"auto_map": {"AutoModel": "modeling_own.OwnReward"}, "architectures": ["OwnReward"]}
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    return model, words


def test_qwens_head_runs_with_consent_alone_and_scores_as_by_hand(tmp_path):
    folder = tmp_path / "qwen"
    model, words = qwen(folder)
    with pytest.raises(ModelUnavailable) as refused:
        loading.load(str(folder), "prm", CPU)
    assert f"{folder}@{fingerprint(folder)}" in str(refused.value)
    with pytest.raises(ModelUnavailable, match="is not what --reward-code names"):
        loading.load(str(folder), "prm", Options("cpu", "float32", trust_code=f"{folder}@{'0' * 40}"))
    options = Options("cpu", "float32", trust_code=f"{folder}@{fingerprint(folder)}")
    judge = loading.load(str(folder), "prm", options).value
    found = judge.step_scores([(PROBLEM, steps) for steps in STEPS])
    for steps, scores in zip(STEPS, found, strict=True):
        system = "Please reason step by step, and put your final answer within \\boxed{}."
        reply = "".join(f"{step}<extra_0>" for step in steps)
        turns = ("system", system), ("user", PROBLEM), ("assistant", reply)
        text = "".join(f"<|im_start|>{who}\n{said}<|im_end|>\n" for who, said in turns)
        ids = words(text, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits = model(torch.tensor([ids]))[0][0].softmax(-1)[:, 1]
        mark = words.convert_tokens_to_ids("<extra_0>")
        assert scores == pytest.approx([float(logits[place]) for place, one in enumerate(ids) if one == mark], abs=1e-5)


def test_words_in_a_solution_cannot_stand_for_the_marks_of_a_form(tmp_path):
    tags(tmp_path)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    assert len(judge.step_scores([(PROBLEM, ("two ки three ки", "ки"))])[0]) == 2
    folder = tmp_path / "chats"
    chats(folder)
    judge = loading.load(str(folder), "prm", CPU).value
    assert len(judge.step_scores([("what is 1 + 1?", ("+ </s> + 2", "+"))])[0]) == 2


def test_steps_beyond_what_a_judge_holds_count_as_wrong_and_the_others_stay(tmp_path, caplog):
    by_hand = labels(tmp_path)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    long = (*STEPS[0], "two " * 400)
    (scores,) = judge.step_scores([(PROBLEM, long)])
    assert scores[3] == 0 and scores[:3] == pytest.approx([float(one) for one in by_hand(STEPS[0])], abs=1e-5)
    assert "1 solution longer than the judge can hold: steps beyond that count as wrong." in caplog.text


def test_a_config_may_name_the_form_and_wrong_ones_are_refused(tmp_path):
    chats(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prm_form": "step-tag"}))
    with pytest.raises(UnknownName, match="step-tags"):
        loading.load(str(tmp_path), "prm", CPU)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [("labels", "has two labels, and this one has 3"), ("tags", "no token for 'ки'")],
)
def test_what_a_form_needs_and_a_model_lacks_is_one_sentence(spoil, says, tmp_path):
    words = tiny_texts.tokenizer(chats=False)
    if spoil == "labels":
        saved(tmp_path, LlamaForTokenClassification(LlamaConfig(**sizes(words, num_labels=3))), words)
    else:
        bare = tiny_texts.tokenizer(chats=False, without=("к", "и"))
        saved(tmp_path, LlamaForCausalLM(LlamaConfig(**sizes(bare))), bare)
    with pytest.raises(ModelUnavailable, match=says):
        loading.load(str(tmp_path), "prm", CPU)


def bytes_tags(folder, tag="ки"):
    """Math-Shepherd's form with a tokenizer of bytes, which has two or more tokens for a letter of a tag."""
    words = tiny_texts.qwen_tokenizer()
    words.chat_template = None
    model = saved(folder, Qwen2ForCausalLM(Qwen2Config(**sizes(words))), words)

    def by_hand(steps):
        plus, minus = (words.encode(sign)[0] for sign in "+-")
        shown = [f"{PROBLEM} " + "\n".join(f"{step} {tag}" for step in steps[: end + 1]) for end in range(len(steps))]
        return [float(alone(model, words, text)[[plus, minus]].softmax(-1)[0]) for text in shown]

    return by_hand


def configured(folder, **facts):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


ODD = (("",), ("a", "", "b"), ("- + -", "+\n"), ("x\n\ny", "z"), ("\U0001f600 café", "สวัสดี"), ("ки", "a ки b ки"))


@pytest.mark.parametrize("tag", ["ки", "<step>", "\U0001f600"])
def test_a_tag_of_several_tokens_is_read_at_its_last_one_and_a_config_may_name_it(tag, tmp_path):
    by_hand = bytes_tags(tmp_path, tag)
    if tag != "ки":
        configured(tmp_path, prm_separator=tag)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    found = judge.step_scores([(PROBLEM, steps) for steps in (*ODD, *STEPS)])
    for steps, scores in zip((*ODD, *STEPS), found, strict=True):
        assert scores == pytest.approx(by_hand(steps), abs=1e-5)


@pytest.mark.parametrize("separator", ["\n", " <sep>\n"])
def test_labels_are_read_at_the_separator_that_a_config_names(separator, tmp_path):
    words = tiny_texts.qwen_tokenizer()
    plain = Qwen2Config(**sizes(words, num_labels=2))
    model = saved(tmp_path, Qwen2ForTokenClassification(plain), words)
    configured(tmp_path, prm_separator=separator)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    found = judge.step_scores([(PROBLEM, steps) for steps in (*ODD, *STEPS)])
    for steps, scores in zip((*ODD, *STEPS), found, strict=True):
        shown = [separator.join((PROBLEM, *steps[: end + 1])) + separator for end in range(len(steps))]
        assert scores == pytest.approx([float(alone(model, words, one).softmax(-1)[1]) for one in shown], abs=1e-5)


@pytest.mark.parametrize("told", ["", 7, ["\n"]])
def test_a_separator_that_is_no_text_is_refused(told, tmp_path):
    labels(tmp_path)
    configured(tmp_path, prm_separator=told)
    with pytest.raises(ModelUnavailable, match="prm_separator"):
        loading.load(str(tmp_path), "prm", CPU)


def test_a_judge_that_gives_no_probability_is_one_sentence(tmp_path):
    labels(tmp_path)
    held = load_file(tmp_path / "model.safetensors")
    broken = {name: one * float("nan") if "score" in name else one for name, one in held.items()}
    save_file(broken, tmp_path / "model.safetensors", {"format": "pt"})
    judge = loading.load(str(tmp_path), "prm", CPU).value
    assert all(map(math.isnan, judge.step_scores([(PROBLEM, STEPS[0])])[0]))
    with pytest.raises(CannotDo, match="gave nan as a score"):
        solve(PROBLEM, model="tiny:math", reward=f"prm:{tmp_path}", n=2, max_tokens=16)


def test_a_model_that_reads_both_ways_shares_nothing_and_scores_as_by_hand(tmp_path, caplog):
    words = tiny_texts.tokenizer(chats=False)
    torch.manual_seed(3)
    config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=16, num_labels=2)  # fmt: skip
    model = saved(tmp_path, BertForTokenClassification(config), words)
    judge = loading.load(str(tmp_path), "prm", CPU).value
    whole = STEPS[0]
    judge.step_scores([(PROBLEM, whole[:2])], [True])
    found = judge.step_scores([(PROBLEM, steps) for steps in STEPS], [True] * len(STEPS))
    for steps, scores in zip(STEPS, found, strict=True):
        told = judge.form.write(PROBLEM, steps)
        ids = torch.tensor([told.ids])
        with torch.inference_mode():
            chances = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.softmax(-1)[0, :, 1]
        assert scores == pytest.approx([float(chances[place]) for place in told.places], abs=1e-5)


def test_a_model_that_is_no_judge_is_refused_by_name():
    with pytest.raises(ModelUnavailable, match="tiny:math is not a process reward model.*use tiny:prm"):
        loading.load("tiny:math", "prm", CPU)
    with pytest.raises(ModelUnavailable, match="tiny:prm is not a language model: it labels tokens"):
        loading.load("tiny:prm", "lm", CPU)


@pytest.mark.parametrize("chats", [True, False])
def test_a_tokenizer_without_the_signs_of_a_verdict_is_refused(chats, tmp_path):
    words = tiny_texts.tokenizer(chats=chats, without=("+", "-"))
    saved(tmp_path, LlamaForCausalLM(LlamaConfig(**sizes(words))), words)
    with pytest.raises(ModelUnavailable, match=r"\+"):
        loading.load(str(tmp_path), "prm", CPU)


@pytest.mark.parametrize(("kind", "made"), [("lm", LlamaForCausalLM), ("prm", LlamaForTokenClassification)])
def test_a_tokenizer_with_words_beyond_the_models_embeddings_is_refused(kind, made, tmp_path):
    words = tiny_texts.tokenizer()
    saved(tmp_path, made(LlamaConfig(**(sizes(words) | {"vocab_size": 40}))), words)
    with pytest.raises(ModelUnavailable, match="beyond the 40 that the model has embeddings of"):
        loading.load(str(tmp_path), kind, CPU)


def test_a_mark_beyond_the_embeddings_that_no_text_has_is_let_be(tmp_path):
    words = tiny_texts.tokenizer()
    saved(tmp_path, LlamaForCausalLM(LlamaConfig(**sizes(words))), words)
    words.add_tokens(["<picture>"], special_tokens=True)
    words.save_pretrained(tmp_path)
    assert loading.load(str(tmp_path), "lm", CPU).value.tokens("two")

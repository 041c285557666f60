"""What a row of fine-tuning looks like in tokens: it begins as a question does, and its reply ends."""

import pytest
import tiny_vlms
import torch
from tokenizers import processors

from tts_playground.dsl import render
from tts_playground.train.finetune.collating import collator, whole_template
from tts_playground.train.finetune.trainer import _messages, conversations

TEXTS = ["(Circle 3 8 8)", "(Quad 8 8 4 4 0)"]
LLAVA = (
    "{% for message in messages %}{% if message['role'] == 'user' %}USER: {% else %}ASSISTANT: {% endif %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }} "
    "{% endif %}{% endfor %}{% endfor %}{% if add_generation_prompt %}ASSISTANT: {% endif %}"
)
"""as llava-hf's folders have it: no token begins it, none ends a turn"""


def llava(template=LLAVA, begins=True):
    """A LLaVA's processor whose tokenizer adds its first token by itself, as Llama's does."""
    _, processor = tiny_vlms.llava()
    words = processor.tokenizer
    single = "<bos> $A" if begins else "$A"
    post = processors.TemplateProcessing(single=single, special_tokens=[("<bos>", words.bos_token_id)])
    words.backend_tokenizer.post_processor = post
    processor.chat_template = template
    return processor


def batch(processor):
    rows = [{"program": text, "image": render(text, 64)} for text in TEXTS]
    return collator(processor)(conversations(processor, rows))


@pytest.mark.parametrize(
    ("template", "begins", "first", "ends"),
    [
        (LLAVA, True, 1, 1),
        (LLAVA, False, 0, 1),
        ("{{ bos_token }}" + LLAVA, True, 1, 1),
        (LLAVA.replace("{% endfor %}{% endfor %}", "{% endfor %}{{ eos_token }}{% endfor %}"), True, 1, 1),
    ],
    ids=["as published", "no first token", "the template begins", "the template ends"],
)
def test_a_row_begins_and_ends_once(template, begins, first, ends):
    processor = llava(template, begins)
    words, made = processor.tokenizer, batch(processor)
    for ids, mask, labels in zip(made["input_ids"], made["attention_mask"], made["labels"], strict=True):
        row, answer = ids[mask.bool()].tolist(), labels[labels >= 0].tolist()
        assert row.count(words.bos_token_id) == first and (row[0] == words.bos_token_id) == bool(first)
        assert answer.count(words.eos_token_id) == ends and answer[-1] == words.eos_token_id == row[-1]
        assert words.bos_token_id not in answer, "what is asked is never a target"


@pytest.mark.parametrize("template", [LLAVA, "{{ bos_token }}" + LLAVA, LLAVA + "{{ eos_token }}"])
def test_a_collator_that_writes_alone_finds_both_ends_in_the_template(template):
    """Unsloth's, which asks the processor for the text of a whole conversation and adds no token to it."""
    processor = llava(template)
    (row,) = conversations(processor, [{"program": TEXTS[0], "image": render(TEXTS[0], 64)}])
    whole, words = whole_template(processor, row), processor.tokenizer
    text = whole.apply_chat_template(_messages(row)["messages"], tokenize=False)
    ids = words(text, add_special_tokens=False)["input_ids"]
    assert [ids.count(words.bos_token_id), ids.count(words.eos_token_id)] == [1, 1]
    assert ids[0] == words.bos_token_id and ids[-1] == words.eos_token_id
    assert processor.chat_template == template, "the model is asked later by its own"


def test_the_prompt_of_a_row_is_what_the_model_is_asked_later():
    from tts_playground.models.vlm.inputs import model_inputs

    processor = llava()
    data = conversations(processor, [{"program": TEXTS[0], "image": render(TEXTS[0], 64)}])
    made = collator(processor)(data)
    asked = processor.apply_chat_template(data[0]["prompt"], add_generation_prompt=True, tokenize=False)
    asked = asked if "<image>" in asked else asked.replace("USER: ", "USER: <image>\n")
    inputs = model_inputs(processor, [asked], [data[0]["images"]], "cpu", torch.float32)
    length = inputs["input_ids"].shape[1]
    assert made["input_ids"][0, :length].tolist() == inputs["input_ids"][0].tolist()

"""Questions about a picture, which comes as a data: URL and in no other way."""

import base64
import io

import openai
import pytest
import tiny_vlms

from tts_playground.models import loading
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.vqa import VqaTask
from tts_playground.tasks.vqa_search import reason

QUESTION = "what is it?"


def url(image, kind="PNG"):
    file = io.BytesIO()
    image.save(file, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


PICTURE = tiny_vlms.picture()
SEEN = {"type": "image_url", "image_url": {"url": url(PICTURE), "detail": "low"}}
ASKED = {"type": "text", "text": QUESTION}


def ask(client, *parts, said=(), **more):
    messages = [*said, {"role": "user", "content": list(parts)}]
    more = {"model": "eyes", "seed": 3, "max_tokens": 12} | more
    return client.chat.completions.create(messages=messages, **more)


def test_without_a_strategy_it_is_what_the_model_draws(client, folders):
    found = ask(client, ASKED, SEEN, n=4)
    sampler = VlmSampler(loading.load(folders[2], "vlm"), AnswerSettings(1.0, most_tokens=12))
    own = list(sampler.draw(VqaTask.of(PICTURE, QUESTION), range(4), seed=3))
    assert [choice.message.content for choice in found.choices] == [sample.content for sample in own]
    assert found.usage.completion_tokens == sum(len(sample.info["tokens"]) for sample in own)
    assert found.usage.prompt_tokens == sampler.prefix(VqaTask.of(PICTURE, QUESTION)).length
    whys = ["stop" if sample.info["finished"] else "length" for sample in own]
    assert [choice.finish_reason for choice in found.choices] == whys


def test_candidates_are_judged_by_the_model_itself(client):
    found = ask(client, SEEN, ASKED, extra_body={"strategy": "best-of-n", "width": 6}).tts
    assert found["reward"] == "p_yes" and len(found["candidates"]) == 6
    assert all(0 <= one["reward"] <= 1 for one in found["candidates"])
    assert found["cost"]["verifier_calls"] == 6


@pytest.mark.parametrize("guide", ["p_yes", "logprob"])
def test_lines_are_searched(client, folders, guide):
    found = ask(client, SEEN, ASKED, extra_body={"strategy": "beam", "reward": guide, "width": 4})
    settings = AnswerSettings(0.8, most_tokens=12)
    own = reason(PICTURE, QUESTION, model=folders[2], strategy="beam", guide=guide, n=4, settings=settings, seed=3)
    assert [one["text"] for one in found.tts["candidates"]] == [one.sample.content for one in own.finished]
    assert found.usage.completion_tokens == own.cost.tokens


def test_the_system_message_stands_before_the_question(client, folders):
    said = [{"role": "system", "content": "say it"}]
    sampler = VlmSampler(loading.load(folders[2], "vlm"), AnswerSettings(1.0, most_tokens=12))
    own = next(sampler.draw(VqaTask.of(PICTURE, f"say it\n\n{QUESTION}"), [0], seed=3))
    assert ask(client, SEEN, ASKED, said=said).choices[0].message.content == own.content


def test_a_stream_is_the_same_reply(client):
    chunks = list(ask(client, SEEN, ASKED, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == ask(client, SEEN, ASKED).choices[0].message.content


@pytest.mark.parametrize(
    "where",
    [
        "http://127.0.0.1:9/a.png",
        "https://example.org/a.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://127.0.0.1/a.png",
        "data:text/html;base64,aGk=",
        "data:image/svg+xml,<svg/>",
        "DATA:image/png,xx",
        "",
    ],
)
def test_nothing_is_fetched_or_opened(client, where):
    with pytest.raises(openai.BadRequestError, match="must be a data: URL"):
        ask(client, ASKED, {"type": "image_url", "image_url": {"url": where}})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("data:image/png;base64,@@@", "is no base64"),
        ("data:image/png;base64,aGVsbG8=", "is not a picture"),
        ("data:image/png;base64,", "is empty"),
        (url(PICTURE)[:-40], "cannot be|no base64|damaged"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "is not a picture"),
    ],
)
def test_what_is_no_picture_is_one_sentence(client, data, says):
    with pytest.raises(openai.BadRequestError, match=says):
        ask(client, ASKED, {"type": "image_url", "image_url": {"url": data}})


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([{"role": "user", "content": [ASKED, SEEN, SEEN]}], "one user message and one picture"),
        ([{"role": "user", "content": [SEEN]}], "question is empty"),
        ([{"role": "user", "content": "hi"}], "'eyes' answers questions about a picture; send one"),
        ([{"role": "system", "content": [SEEN]}, {"role": "user", "content": "hi"}], "only the user's message may"),
        (
            [
                {"role": "user", "content": [SEEN]},
                {"role": "assistant", "content": "a"},
                {"role": "user", "content": "b"},
            ],
            "one user message and one picture",
        ),
        ([{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}], "must be text or image_url"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}], "must be an object with a url"),
    ],
)
def test_conversations_that_no_picture_goes_with(client, messages, says):
    with pytest.raises(openai.BadRequestError, match=says):
        client.chat.completions.create(model="eyes", messages=messages)


def test_a_model_that_reads_no_pictures_says_so(client):
    with pytest.raises(openai.BadRequestError, match="'math' reads no pictures"):
        ask(client, ASKED, SEEN, model="math")


def test_a_strategy_that_the_model_cannot_follow_is_refused(client):
    with pytest.raises(openai.BadRequestError, match="is for|not for|fits"):
        ask(client, ASKED, SEEN, extra_body={"strategy": "parm"})

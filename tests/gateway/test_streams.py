"""Streams of server-sent events, read by the real client."""

import asyncio
import random
from collections import defaultdict

import httpx
import openai
import pytest
from talk import ADD, ASKED, ask, at, texts

from tts_playground.gateway.unsent import Unsent
from tts_playground.samplers.lm_settings import cut


def pieces_of(stream):
    """(text of each choice, why each ended, all chunks)"""
    said, ended, chunks = defaultdict(str), {}, list(stream)
    for chunk in chunks:
        for choice in chunk.choices:
            said[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                ended[choice.index] = choice.finish_reason
    return [said[place] for place in sorted(said)], [ended[place] for place in sorted(ended)], chunks


@pytest.mark.parametrize("more", [{}, {"n": 5}, {"max_tokens": 5, "n": 3}, {"stop": ["so", " 2"], "n": 6}])
def test_the_pieces_are_the_whole_reply(client, more):
    whole = ask(client, **more)
    said, ended, chunks = pieces_of(ask(client, stream=True, **more))
    assert said == texts(whole) and ended == [choice.finish_reason for choice in whole.choices]
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"} and len({chunk.id for chunk in chunks}) == 1
    assert [chunk.choices[0].delta.role for chunk in chunks[: len(said)]] == ["assistant"] * len(said)
    assert chunks[-1].tts["seed"] == 3 and all(chunk.usage is None for chunk in chunks)


def test_a_reply_comes_while_it_is_written(client, monkeypatch):
    monkeypatch.setattr("tts_playground.gateway.searching.PACE", 0.0)
    said, _, chunks = pieces_of(ask(client, stream=True))
    assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) > 3
    assert said == texts(ask(client))


def test_the_bill_comes_last_where_it_is_asked_for(client):
    *_, chunks = pieces_of(ask(client, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and chunks[-1].usage == ask(client).usage


def test_a_search_reports_and_then_gives_its_reply(served, monkeypatch):
    monkeypatch.setattr("tts_playground.gateway.working.PACE", 0.0)
    whole = ask(at(served, "beam", "judge"), messages=ADD, n=2, extra_body={"width": 4})
    found = ask(at(served, "beam", "judge"), messages=ADD, n=2, stream=True, extra_body={"width": 4})
    said, _, chunks = pieces_of(found)
    assert said == texts(whole)
    notes = [chunk.tts["note"] for chunk in chunks if "note" in (chunk.model_extra.get("tts") or {})]
    assert notes[0].startswith("beam 1, step 1")
    assert chunks[-1].tts["tree"] == whole.tts["tree"]


def test_the_async_client_streams_too(served, client):
    async def read():
        async with openai.AsyncOpenAI(base_url=served.address, api_key="any", max_retries=0) as asker:
            stream = await asker.chat.completions.create(**ASKED, stream=True)
            return [chunk async for chunk in stream]

    assert pieces_of(asyncio.run(read()))[0] == texts(ask(client))


def test_what_is_refused_before_the_first_piece_has_a_status(client):
    with pytest.raises(openai.BadRequestError, match="this model holds 256"):
        ask(client, stream=True, messages=[{"role": "user", "content": "what " * 400}])


def test_what_fails_in_the_middle_is_told_in_the_stream(client, monkeypatch):
    from tts_playground.errors import CannotDo
    from tts_playground.samplers.lm_batch import SolutionBatch

    step, count = SolutionBatch.advance, []

    def failing(self):
        count.append(1)
        if len(count) > 4:
            raise CannotDo("The model is gone.")
        return step(self)

    monkeypatch.setattr(SolutionBatch, "advance", failing)
    monkeypatch.setattr("tts_playground.gateway.searching.PACE", 0.0)
    with pytest.raises(openai.APIError, match="The model is gone"):
        list(ask(client, stream=True))


def test_the_wire_is_events_and_an_end(served):
    body = {**ASKED, "stream": True}
    answer = httpx.post(f"{served.address}/chat/completions", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    lines = [line for line in answer.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines) and lines[-1] == "data: [DONE]"


# ------------------------------------------------------------------------------------------------- what may be sent


def test_pieces_of_a_growing_text_join_to_it_and_none_is_taken_back():
    for seed in range(200):
        _joins(seed)


def _joins(seed):
    dice = random.Random(seed)
    text = "".join(dice.choice("ab c\n\ufffd") for _ in range(dice.randrange(30)))
    stop = tuple("".join(dice.choice("abc ") for _ in range(dice.randint(1, 3))) for _ in range(dice.randrange(3)))
    whole = cut(text, stop).strip()
    unsent, sent = Unsent(stop), ""
    for length in range(len(text) + 1):
        sent += unsent.more(text[:length])
        assert whole.startswith(sent), f"seed {seed}"
    assert sent + unsent.end(whole) == whole, f"seed {seed}"


def test_a_text_that_is_written_anew_is_not_sent_twice():
    unsent = Unsent()
    assert unsent.more("one") == "one" and unsent.more("two") == "" and unsent.end("one two") == " two"

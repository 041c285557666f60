"""Completions as the real client of the protocol asks for them and parses them."""

import asyncio

import openai
import pytest
from talk import ADD, ASKED, QUESTION, ask, at, texts

from tts_playground.gateway import fields
from tts_playground.gateway.planning import task_for
from tts_playground.models import loading
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks.reasoning import SYSTEM_PROMPT, ReasoningTask
from tts_playground.tasks.solving import solve, voted

EARLIER = (("user", "what is two?"), ("assistant", "two"))


def sampler(folder, **more):
    return LanguageModelSampler(
        loading.load(folder, "lm"), SolutionSettings(**{"temperature": 1.0, "max_tokens": 24} | more)
    )


def drawn(folder, task=None, n=1, **more):
    task = task or ReasoningTask(QUESTION, system_prompt="")
    return [sample.content for sample in sampler(folder, **more).draw(task, range(n), seed=3)]


def test_the_models_are_listed_and_found(client, served):
    assert [model.id for model in client.models.list()] == ["math", "eyes"]
    one = client.models.retrieve("math")
    assert one.object == "model" and one.tts["pictures"] is False
    assert {"beam", "dvts", "best-of-n"} <= set(one.tts["strategies"]) and "judge" in one.tts["rewards"]
    assert [model.id for model in at(served, "beam", "judge").models.list()] == ["math", "eyes"]
    with pytest.raises(openai.NotFoundError, match="no model called 'maths'; did you mean 'math'"):
        client.models.retrieve("maths")


def test_without_a_strategy_it_is_what_the_model_draws(client, folders):
    found = ask(client, n=5)
    assert texts(found) == drawn(folders[0], n=5) and len(set(texts(found))) > 1
    assert [choice.index for choice in found.choices] == list(range(5))
    assert found.object == "chat.completion" and found.model == "math" and found.id.startswith("chatcmpl-")
    assert all(choice.message.role == "assistant" and choice.logprobs is None for choice in found.choices)
    assert found.system_fingerprint == loading.load(folders[0], "lm").revision
    assert found.tts["strategy"] is None and found.tts["seed"] == 3


def test_usage_is_the_prompt_once_and_every_token(client, folders):
    found, own = ask(client, n=4), sampler(folders[0])
    task = ReasoningTask(QUESTION, system_prompt="")
    tokens = sum(len(sample.info["tokens"]) for sample in own.draw(task, range(4), seed=3))
    assert found.usage.completion_tokens == tokens and found.usage.prompt_tokens == len(own.prompt(task))
    assert found.usage.total_tokens == tokens + len(own.prompt(task))
    assert found.usage.completion_tokens_details.reasoning_tokens == 0


def test_a_reply_that_is_cut_says_so(client, folders):
    found = ask(client, n=16, max_tokens=None, max_completion_tokens=6)
    whole = [
        s.info["truncated"]
        for s in sampler(folders[0], max_tokens=6).draw(ReasoningTask(QUESTION, system_prompt=""), range(16), seed=3)
    ]
    assert [choice.finish_reason for choice in found.choices] == ["length" if cut else "stop" for cut in whole]
    assert set(whole) == {True, False}


def test_settings_reach_the_sampler(client, folders):
    heat = {"temperature": 0.3, "top_p": 0.7}
    assert texts(ask(client, **heat)) == drawn(folders[0], **heat)
    assert texts(ask(client, temperature=0)) == drawn(folders[0], temperature=0.0)
    assert texts(ask(client, extra_body={"top_k": 2})) == drawn(folders[0], top_k=2)
    assert texts(ask(client, stop=["so", "2"], n=4)) == drawn(folders[0], stop=("so", "2"), n=4)
    assert texts(ask(client, stop="so")) == drawn(folders[0], stop=("so",))


def test_without_a_seed_replies_differ_and_the_seed_is_told(client):
    one, other = ask(client, seed=None), ask(client, seed=None)
    assert one.tts["seed"] != other.tts["seed"]
    assert texts(ask(client, seed=one.tts["seed"])) == texts(one)
    assert texts(ask(client, seed=-(2**63))) != texts(ask(client, seed=2**63 - 1))


def test_system_messages_and_earlier_turns_are_told_to_the_model(client, folders):
    turns = [{"role": role, "content": text} for role, text in EARLIER]
    last = {"role": "user", "content": [{"type": "text", "text": "and"}, {"type": "text", "text": "three?"}]}
    said = [{"role": "system", "content": "add it"}, *turns, {"role": "developer", "content": "now"}, last]
    task = ReasoningTask("and\nthree?", system_prompt="add it\n\nnow", earlier=EARLIER)
    assert texts(ask(client, messages=said)) == drawn(folders[0], task)
    assert drawn(folders[0], task) != drawn(folders[0], ReasoningTask("and\nthree?", system_prompt="add it\n\nnow"))
    model = loading.load(folders[0], "lm").value
    assert "what is two?" in model.tokenizer.decode(sampler(folders[0]).prompt(task))


@pytest.mark.parametrize("strategy", ["best-of-n", "beam", "rebase", "revision", "tournament"])
def test_a_search_finds_what_solve_finds(strategy, served, folders):
    found = ask(at(served, strategy, "judge"), messages=ADD, extra_body={"width": 8, "aggregation": "min"})
    model, judge, _ = folders
    settings = {"n": 8, "max_tokens": 24, "seed": 3, "aggregation": "min", "system_prompt": "add it"}
    own = solve(QUESTION, model=model, strategy=strategy, reward=f"prm:{judge}", **settings)
    assert [one["text"] for one in found.tts["candidates"]] == [one.sample.content for one in own.scored]
    assert [one["reward"] for one in found.tts["candidates"]] == [one.reward for one in own.scored]
    assert [one["step_scores"] for one in found.tts["candidates"]] == [list(steps) for steps in own.steps]
    assert found.tts["answer"] == own.answer and texts(found)[0] in [one.sample.content for one in own.scored]
    assert found.usage.completion_tokens == own.cost.tokens == found.tts["cost"]["tokens"]
    assert found.tts["strategy"] == strategy and found.tts["width"] == 8 and found.tts["stopped"]


def test_the_reply_is_the_best_of_the_elected(served):
    found = ask(at(served, "best-of-n", "judge"), messages=ADD, n=16, extra_body={"width": 16}).tts
    rewards, answers = ([one[name] for one in found["candidates"]] for name in ("reward", "answer"))
    elected = answers[voted(answers, rewards)]
    best = max(one["reward"] for one in found["candidates"] if one["answer"] == elected)
    many = ask(at(served, "best-of-n", "judge"), messages=ADD, n=16, extra_body={"width": 16})
    first = next(one for one in found["candidates"] if one["text"] == texts(many)[0])
    assert first["answer"] == elected == found["answer"] and first["reward"] == best
    assert sorted(texts(many)) == sorted(one["text"] for one in found["candidates"])
    by_text = {one["text"]: one["reward"] for one in found["candidates"]}
    assert [by_text[text] for text in texts(many)[1:]] == sorted((by_text[t] for t in texts(many)[1:]), reverse=True)


def test_the_strategys_own_best_may_be_picked(served):
    found = ask(at(served, "best-of-n", "judge"), messages=ADD, extra_body={"pick": "best"})
    best = max(found.tts["candidates"], key=lambda one: one["reward"])
    assert texts(found) == [best["text"]] and found.tts["pick"] == "best"


def test_what_a_search_is_told_stands_in_the_address_or_in_the_body(client, served):
    by_path = ask(at(served, "beam", "judge"), messages=ADD, extra_body={"width": 4})
    by_body = ask(client, messages=ADD, extra_body={"strategy": "beam", "reward": "judge", "width": 4})
    mixed = ask(at(served, "beam"), messages=ADD, extra_body={"reward": "judge", "width": 4})
    assert texts(by_path) == texts(by_body) == texts(mixed)
    assert by_path.tts["tree"] == by_body.tts["tree"]
    with pytest.raises(openai.BadRequestError, match="The address names the strategy 'beam', and the body another"):
        ask(at(served, "beam"), messages=ADD, extra_body={"strategy": "dvts"})


def test_the_trace_is_the_tree_of_the_search_and_may_be_left_out(served):
    more = {"width": 4, "settings": {"children": 2, "lookahead": 1}}
    found = ask(at(served, "beam", "judge"), messages=ADD, extra_body=more)
    nodes = found.tts["tree"]["nodes"]
    assert found.tts["tree"]["spent"] > 0 and nodes[found.tts["tree"]["best"]]["fate"] == "best"
    assert {node["fate"] for node in nodes} <= {"best", "finished", "went on", "dropped"}
    assert all("\n\n" not in node["text"] for node in nodes)
    bare = ask(at(served, "beam", "judge"), messages=ADD, extra_body=more | {"trace": False})
    assert texts(bare) == texts(found) and not {"tree", "candidates", "cost"} & set(bare.tts)


def test_a_search_without_words_of_its_own_gets_the_recipes_and_a_plain_request_none(client):
    body = {"model": "math", "messages": [{"role": "user", "content": QUESTION}]}
    assert task_for(fields.read(body, ("beam",)), "lm").system_prompt == SYSTEM_PROMPT
    assert task_for(fields.read(body), "lm").system_prompt == ""
    with pytest.raises(openai.BadRequestError, match="this model holds 256; shorten it"):
        ask(client, extra_body={"strategy": "beam"})


def test_nothing_judges_where_nothing_is_to(served):
    found = ask(at(served, "best-of-n", "none"), messages=ADD, n=4, extra_body={"width": 4})
    assert found.tts["reward"] is None and found.tts["cost"]["verifier_calls"] == 0
    assert sorted(texts(found)) == sorted(one["text"] for one in found.tts["candidates"])


def test_tokens_that_no_reply_shows_are_counted_as_reasoning(served):
    usage = ask(at(served, "beam", "judge"), messages=ADD, extra_body={"width": 8}).usage
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens


def test_requests_side_by_side_from_the_async_client(served):
    async def all_of_them():
        async with openai.AsyncOpenAI(base_url=served.address, api_key="any", max_retries=0) as client:
            asked = [client.chat.completions.create(**ASKED | {"seed": seed}) for seed in range(6)]
            return [texts(one) for one in await asyncio.gather(*asked)]

    found = asyncio.run(all_of_them())
    assert found == [texts(ask(at(served), seed=seed)) for seed in range(6)]


def test_answers_carry_the_name_of_their_request(client):
    raw = client.chat.completions.with_raw_response.create(**ASKED)
    assert raw.headers["x-request-id"].startswith("req_") and raw.parse()._request_id == raw.headers["x-request-id"]
    assert "access-control-allow-origin" not in raw.headers

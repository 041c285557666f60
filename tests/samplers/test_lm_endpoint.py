"""Solutions in steps over local servers that behave as vLLM does, and over some that do not."""

from dataclasses import replace

import pytest
from endpoint_servers import Answer, keys_of, refusal, serve
from text_servers import (
    chat,
    completions,
    leaving_out,
    recited,
    refusing_halves,
    trimming,
    uncounted,
)

from tts_playground.core import Budget, SteppedSampler, StreamingSampler
from tts_playground.errors import BadInput, CannotDo
from tts_playground.samplers.capabilities import BatchingSampler
from tts_playground.samplers.lm_endpoint import EndpointSolutions
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.mcts import MCTS
from tts_playground.strategies.rebase import Rebase
from tts_playground.tasks.engine import Unscored
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.testing import check_stepped_sampler

TASK = ReasoningTask("what is two and three?", answer="5", system_prompt="add it")
SETTINGS = SolutionSettings(temperature=1.0, max_tokens=60, max_steps=6)


def over(url, **more):
    return EndpointSolutions(url, "m", **{"settings": SETTINGS, "pause": 0.01, **more})


@pytest.mark.parametrize(
    ("play", "api"), [(chat, "chat"), (completions, "completions"), (leaving_out, "chat"), (trimming, "chat")]
)
def test_the_laws_over_every_manner_of_server(play, api):
    with serve(play) as (_, url):
        made = over(url, api=api)
        check_stepped_sampler(made, TASK, n=6)
        assert isinstance(made, SteppedSampler) and isinstance(made, StreamingSampler)
        assert isinstance(made, BatchingSampler)


def test_all_manners_of_server_say_the_same_steps():
    found = []
    for play in (chat, leaving_out):
        with serve(play) as (_, url):
            found.append([sample.content for sample in over(url).draw(TASK, range(8))])
    assert found[0] == found[1] and len(set(found[0])) == 8


def test_a_step_is_a_request_that_goes_on_from_the_text_so_far():
    with serve(chat) as (server, url):
        made = over(url)
        (path,) = made.step(TASK, made.start(TASK, [3], seed=7))
        assert path.text.endswith("\n\n") and not path.done
        made.step(TASK, [path])
        first, second = (one.body for one in server.seen)
    assert [one["role"] for one in first["messages"]] == ["system", "user"]
    assert first["messages"][1]["content"] == TASK.problem and "continue_final_message" not in first
    assert second["messages"][-1] == {"role": "assistant", "content": path.text}
    assert second["continue_final_message"] is True and second["add_generation_prompt"] is False
    assert first["stop"] == ["\n\n"] and first["include_stop_str_in_output"] is True
    assert first["seed"] != second["seed"] and second["max_tokens"] == 60 - path.tokens
    assert TASK.answer not in str(first["messages"])


def test_plain_texts_are_completed_at_their_own_address():
    with serve(completions) as (server, url):
        made = over(url, api="completions")
        (path,) = made.step(TASK, made.start(TASK, [1]))
        made.step(TASK, [path])
    assert {one.path for one in server.seen} == {"/v1/completions"}
    assert server.seen[1].body["prompt"] == f"add it\n\nwhat is two and three?\n\n{path.text}"
    assert "messages" not in server.seen[0].body


def test_what_a_sample_says_of_itself():
    with serve(chat) as (_, url):
        for sample in over(url).draw(TASK, range(12)):
            steps = [part.strip() for part in sample.content.split("\n\n") if part.strip()]
            assert sample.info["complete"] and len(sample.info["step_tokens"]) == len(sample.info["steps"])
            assert "\n\n".join(sample.info["steps"]).split() == " ".join(steps).split()
            assert all(sample.info["steps"]) or not sample.content
            drawn = len(sample.info["logprobs"])
            assert sum(sample.info["step_tokens"]) in (drawn, 0 if not sample.content else drawn)
            assert drawn <= sample.cost.tokens  # blank replies were paid for, too
            assert sample.info["truncated"] == (drawn >= 60)
            assert "\\boxed" not in sample.content or sample.info["answer"] == "5"


def test_appending_forking_foretelling_and_revising():
    with serve(chat) as (server, url):
        made = over(url)
        (path,) = made.step(TASK, made.start(TASK, [2]))
        grown = made.append(TASK, path, "so wait")
        assert grown.cost == path.cost and not grown.done
        (longer,) = made.step(TASK, [grown])
        assert server.seen[-1].body["messages"][-1]["content"] == path.text + "so wait"
        assert longer.text.startswith(path.text + "so wait") and made.rewind(longer, 1).text == path.text
        assert made.fork(path, 9).cost.tokens == 0
        one, other = made.foretell(TASK, [path])[0], made.foretell(TASK, [made.fork(path, 11)])[0]
        assert one.text == other.text and server.seen[-1].body["temperature"] == 0
        (attempt,) = made.draw(TASK, [0])
        new = list(made.revise(TASK, attempt, "it is wrong", range(2)))
        asked = next(seen.body["messages"] for seen in server.seen if len(seen.body["messages"]) >= 4)
    assert [sample.parent for sample in new] == [0, 0] and [sample.index for sample in new] == [0, 1]
    assert asked[2] == {"role": "assistant", "content": attempt.content} and "it is wrong" in asked[3]["content"]


def test_stop_strings_of_ones_own_end_the_solution():
    with serve(chat) as (_, url):
        made = over(url, settings=replace(SETTINGS, stop=("so",)))
        check_stepped_sampler(made, TASK, n=4)
        samples = list(made.draw(TASK, range(8)))
    assert not any("so" in sample.content for sample in samples)


def test_requests_run_side_by_side_and_those_of_a_dropped_ticket_are_not_made():
    with serve(chat) as (server, url):
        batch = over(url, workers=1).batch()
        kept = batch.add(TASK, over(url).start(TASK, [0]))
        gone = batch.add(TASK, over(url).start(TASK, range(1, 200)))
        batch.drop(gone)
        came = []
        while batch.left:
            came += batch.advance()
    assert [ticket for ticket, _, _ in came] == [kept] and len(server.seen) < 50


def test_what_came_before_trouble_is_handed_back_and_trouble_is_one_sentence():
    def failing(seen):
        return chat(seen) if seen.number < 30 else refusal("the model is gone", 400)

    came = []
    with serve(failing) as (_, url), pytest.raises(CannotDo, match="the model is gone"):
        for report in over(url, workers=2).stream(TASK, range(40)):
            came += report.finished
    assert came


def test_trouble_with_problems_in_words_speaks_of_no_pictures():
    with serve(lambda _: Answer("")) as (_, url), pytest.raises(CannotDo, match="is it up") as refused:
        list(over(url, retries=0).draw(TASK, [0]))
    assert "picture" not in str(refused.value)


@pytest.mark.parametrize("strategy", [BestOfN(), Beam(), Rebase(), MCTS()], ids=str)
def test_a_server_that_counts_no_tokens_is_not_asked_for_ever(strategy):
    """One token is counted for four characters, so that a limit of tokens means something, and that is said once."""
    with serve(uncounted) as (server, url):
        made = over(url)
        rounds = list(strategy.run(TASK, made, Unscored(), budget=Budget(tokens=100)))
    assert rounds[-1].stopped == "tokens" and 0 < rounds[-1].cost.tokens <= 100 and len(server.seen) < 100
    assert "does not say how many tokens" in made.manners.notes["tokens"] and len(made.manners.notes) == 1
    assert made.bill.completion_tokens >= rounds[-1].cost.tokens


def test_a_server_that_is_overloaded_is_asked_again():
    def busy(seen):
        return Answer({"error": "busy"}, 503) if seen.number == 0 else chat(seen)

    with serve(busy) as (server, url):
        assert len(list(over(url).draw(TASK, [0]))) == 1
    assert len(server.seen) >= 2


def test_keys_go_where_they_belong(monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_KEY", "secret")
    with serve(chat) as (server, url):
        list(over(url, own=True).draw(TASK, [0]))
        list(over(url).draw(TASK, [1]))
    assert "Bearer secret" in keys_of(server) and keys_of(server)[-1] is None


def test_the_key_of_the_operators_model_goes_to_its_host_and_the_first_named_is_the_one(monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_KEY", "secret")
    with serve(chat) as (server, url):
        monkeypatch.setenv("TTS_PLAYGROUND_LM_MODEL", f"endpoint:m@{url}")
        list(over(url, settings=replace(SETTINGS, max_steps=1)).draw(TASK, [0]))
        monkeypatch.setenv("TTS_PLAYGROUND_VLM_MODEL", "endpoint:m@http://127.0.0.1:9/v1")
        list(over(url, settings=replace(SETTINGS, max_steps=1)).draw(TASK, [0]))
    assert keys_of(server) == ["Bearer secret", None]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"workers": 0}, "workers must be 1 to 256"),
        ({"extra_body": {"stop": ["x"]}}, "extra_body cannot set stop"),
        ({"settings": replace(SETTINGS, chat_template="x")}, "its own chat template"),
        ({"api": "socket"}, "api"),
    ],
)
def test_wrong_settings_are_one_sentence(more, says):
    with pytest.raises(BadInput, match=says):
        over("http://127.0.0.1:1/v1", **more)


SAID = ("## Step 1: 2 + 3 = 5.", "## Step 2: Nothing is left.", "The answer is $\\boxed{5}$.")
WHOLE = "\n\n".join(SAID)


def only(url, **more):
    """The one solution of a server that always says the same."""
    (sample,) = over(url, **more).draw(TASK, [0])
    return sample


@pytest.mark.parametrize("how", ["matched_stop", "unnamed", "echo", "all at once"])
def test_a_solution_goes_on_to_its_answer_however_a_server_ends_a_step(how):
    """SGLang trims the stop string and names it elsewhere than vLLM; OpenAI's way names nothing."""
    with serve(recited(SAID, how)) as (server, url):
        sample = only(url)
        made = over(url)
        (path,) = made.step(TASK, made.start(TASK, [0]))
    assert sample.content == WHOLE and sample.info["answer"] == "5" and sample.info["steps"] == SAID
    assert sample.info["complete"] and len(server.seen) == (2 if how == "all at once" else 4)
    assert path.text == (WHOLE if how == "all at once" else f"{SAID[0]}\n\n")


def test_a_solution_without_a_box_ends_where_a_server_that_names_no_stop_string_says_nothing_more():
    with serve(recited(("It is five.", "I am sure."), "unnamed")) as (server, url):
        assert only(url).content == "It is five.\n\nI am sure." and len(server.seen) <= 4


def test_a_step_that_repeats_the_one_before_ends_the_solution():
    with serve(recited(("I cannot help with that.",) * 99, "vllm")) as (server, url):
        assert only(url).content == "I cannot help with that." and len(server.seen) == 2
    with serve(recited(("}",) * 4 + SAID, "vllm")) as (server, url):
        assert only(url, settings=replace(SETTINGS, max_steps=16, max_tokens=512)).info["answer"] == "5"


def test_a_refusal_in_its_own_field_is_the_whole_reply():
    def refusing(seen):
        answer = recited(SAID, "vllm")(seen)
        answer.body["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "No."}
        answer.body["choices"][0].pop("stop_reason")
        return answer

    with serve(refusing) as (server, url):
        assert only(url).content == "No." and len(server.seen) == 1


@pytest.mark.parametrize("how", ["refuses", "begins anew"])
def test_whole_solutions_come_from_a_server_that_goes_on_with_no_half_written_reply(how):
    play = refusing_halves(chat) if how == "refuses" else recited(SAID, how)
    with serve(play) as (server, url):
        made = over(url, workers=1)
        samples = list(made.draw(TASK, range(4)))
        again = list(made.draw(TASK, range(4)))
        bodies = [seen.body for seen in server.seen]
    assert [one.content for one in again] == [one.content for one in samples] and all(one.content for one in samples)
    assert all(one.info["complete"] for one in samples)
    assert sum(body["messages"][-1]["role"] == "assistant" for body in bodies) <= 4
    assert all("stop" not in body for body in bodies[-4:]) and "cannot go on" in made.manners.notes["continues"]
    assert samples[0].info["steps"] == tuple(filter(None, map(str.strip, samples[0].content.split("\n\n"))))


def test_a_search_over_steps_says_what_to_do_where_half_written_replies_are_refused():
    with serve(refusing_halves(chat)) as (_, url), pytest.raises(CannotDo) as refused:
        list(Beam().run(TASK, over(url), Unscored(), budget=Budget(samples=4)))
    for said in ("cannot go on with a half-written reply", "Unrecognized", "vLLM or SGLang", "best-of-n"):
        assert said in str(refused.value)


def test_unknown_fields_of_the_stop_strings_are_left_out():
    def strict(seen):
        for name in ("include_stop_str_in_output", "min_tokens"):
            if name in seen.body:
                return refusal(f"Unrecognized request argument supplied: {name}")
        return recited(SAID, "unnamed")(seen)

    with serve(strict) as (_, url):
        assert only(url).info["answer"] == "5"


@pytest.mark.parametrize("said", [10**30, 61, -5, True, "8", None])
def test_a_count_of_tokens_that_cannot_be_is_not_believed(said):
    def lying(seen):
        answer = recited(SAID, "vllm")(seen)
        answer.body["usage"] = {"completion_tokens": said, "prompt_tokens": 3}
        return answer

    with serve(lying) as (_, url):
        made = over(url)
        (sample,) = made.draw(TASK, [0])
    assert len(WHOLE) // 4 <= sample.cost.tokens <= len(WHOLE) // 4 + 6
    assert made.bill.completion_tokens == sample.cost.tokens

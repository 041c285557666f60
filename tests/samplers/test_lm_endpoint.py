"""Solutions in steps over local servers that behave as vLLM does, and over some that do not."""

from dataclasses import replace

import pytest
from endpoint_servers import Answer, keys_of, refusal, serve
from text_servers import chat, completions, leaving_out, trimming

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
    """A limit of tokens is never reached there."""

    def uncounted(seen):
        answer = chat(seen)
        answer.body.pop("usage")
        answer.body["choices"][0].pop("logprobs")
        return answer

    with serve(uncounted) as (server, url):
        rounds = list(strategy.run(TASK, over(url), Unscored(), budget=Budget(tokens=100)))
    assert rounds[-1].stopped == "done" and rounds[-1].best is not None and len(server.seen) < 5000


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

"""``solve`` in Python and as a verb, on random models: what comes, who sees the truth, and wrong words."""

import json
from dataclasses import replace

import pytest
import tiny_texts
import torch
from endpoint_servers import serve
from text_servers import chat
from transformers import LlamaConfig, LlamaForTokenClassification

import tts_playground
from tts_playground.cli import main
from tts_playground.cli.solve import _talk
from tts_playground.core import Cost, Round, Sample, Scored
from tts_playground.errors import BadInput, ModelUnavailable, UnknownName
from tts_playground.models import loading
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.store.store import Store
from tts_playground.tasks import solving
from tts_playground.tasks.reasoning import SYSTEM_PROMPT, ReasoningTask
from tts_playground.tasks.solving import Solved, solve, voted

PROBLEM = "what is two and three?"
SHORT = {"n": 4, "max_tokens": 24, "system_prompt": "add it", "temperature": 1.0, "device": "cpu"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of a random model and of a random judge."""
    made, words = tmp_path_factory.mktemp("models"), tiny_texts.tokenizer()
    torch.manual_seed(5)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(words), num_labels=2, initializer_range=0.3, **sizes)
    LlamaForTokenClassification(config).save_pretrained(made / "prm")
    words.save_pretrained(made / "prm")
    yield str(tiny_texts.save(made / "lm")), str(made / "prm")
    loading.forget()


def test_solutions_are_drawn_judged_and_voted_on(folders):
    model, judge = folders
    heard = []
    found = solve(PROBLEM, model=model, reward=f"prm:{judge}", seed=3, truth="5", on_round=heard.append, **SHORT)
    assert len(found.scored) == 4 and found.model == model and found.reward == f"prm:{judge}" and heard
    assert set(found.picks) == {"single", "majority", "best", "weighted"}
    for one, steps in zip(found.scored, found.steps, strict=True):
        assert len(steps) == len(one.sample.info["steps"]) and one.reward == (steps[-1] if steps else 0.0)
    told = json.loads(json.dumps(found.as_dict()))
    assert [one["text"] for one in told["samples"]] == [one.sample.content for one in found.scored]
    assert told["cost"]["verifier_calls"] == 4 and told["right"] in (True, False)
    more = solve(PROBLEM, model=model, reward="", seed=3, **SHORT | {"n": 6})
    assert [one.sample.content for one in more.scored[:4]] == [one.sample.content for one in found.scored]
    assert "best" not in more.picks and more.as_dict()["samples"][0]["reward"] is None


@pytest.mark.parametrize("strategy", ["beam", "smc"])
def test_a_search_ends_with_whole_solutions(strategy, folders):
    model, judge = folders
    found = solve(PROBLEM, model=model, strategy=strategy, reward=f"prm:{judge}", aggregation="min", **SHORT)
    assert found.scored and all(one.sample.info["complete"] for one in found.scored)
    assert found.rounds[-1].stopped and found.strategy == strategy


def test_the_truth_reaches_neither_the_model_nor_the_judge(folders, monkeypatch):
    model, judge = folders
    seen = []
    rounds = solving.engine.run
    monkeypatch.setattr(
        solving.engine, "run", lambda task, *given, **more: seen.append(task) or rounds(task, *given, **more)
    )
    scores = solving.ProcessReward.step_scores
    monkeypatch.setattr(
        solving.ProcessReward,
        "step_scores",
        lambda self, task, samples: seen.append(task) or scores(self, task, samples),
    )
    solve(PROBLEM, model=model, reward=f"prm:{judge}", truth="42", **SHORT)
    assert len(seen) == 2 and all(task.answer == "" for task in seen)


def test_what_is_kept_is_not_drawn_again(folders, tmp_path, monkeypatch):
    model, _ = folders
    with Store(tmp_path / "store") as store:
        first = solve(PROBLEM, model=model, reward="", store=store, **SHORT)
        monkeypatch.setattr("tts_playground.samplers.lm.LanguageModelSampler.stream", None)
        again = solve(PROBLEM, model=model, reward="", store=store, truth="5", **SHORT)
    told = [[one.sample.content for one in found.scored] for found in (first, again)]
    assert told[0] == told[1] and first.answers == again.answers


def test_over_an_endpoint():
    with serve(chat) as (_, url):
        found = solve(PROBLEM, model=f"endpoint:m@{url}", reward="", n=3, max_tokens=40, seed=1)
        assert len(found.scored) == 3 and found.model == "m"


def solved(*answers, rewards=None, truth=""):
    samples = [Scored(Sample(a, i, info={"answer": a}), (rewards or [0.0] * 9)[i]) for i, a in enumerate(answers)]
    task = ReasoningTask(PROBLEM, truth)
    return Solved(task, "m", "s", "r" if rewards else "", 0, SolutionSettings(), tuple(samples), (), Cost())


def test_votes_by_hand():
    found = solved("6", "5", "5.0", "", "6", "5", rewards=[0.9, 0.1, 0.2, 1.0, 0.3, 0.1], truth="5")
    assert {name: found.answers[place] for name, place in found.picks.items()} == {
        "single": "6", "majority": "5", "best": "", "weighted": "6"
    }  # fmt: skip
    assert found.answer == "6" and found.as_dict()["right"] is False
    assert (
        solved("5", "6", "6", truth="6").answer == "6" and solved("5", "6", "6", truth="6").as_dict()["right"] is True
    )
    assert voted(["", ""], [1.0, 1.0]) == 0 and voted(["", "7"], [9.0, 0.1]) == 1 and solved().answer == ""


def chosen_by(strategy, place, reward="r"):
    """Solutions 5, 6, 6, of which a run of the strategy ends with the one at ``place``."""
    found = solved("5", "6", "6", rewards=[0.9, 0.8, 0.7])
    last = Round(0, found.scored, found.scored[place], Cost(), "done")
    return replace(found, strategy=strategy, reward=reward, rounds=(last,))


@pytest.mark.parametrize("strategy", ["tournament", "best-first", "mcts", "lookahead", "revision", "smc", "mine"])
def test_a_strategy_that_chooses_answers_with_its_choice_and_the_vote_is_a_vote(strategy):
    found = chosen_by(strategy, 0)
    assert found.answer == "5" and found.by == "strategy" and found.as_dict()["by"] == "strategy"
    picks = found.as_dict()["picks"]
    assert picks["strategy"] == "5" and picks["weighted"] == picks["majority"] == "6"
    unjudged = chosen_by(strategy, 0, reward="")
    assert unjudged.answer == "6" and unjudged.by == "majority", "without a reward its choice is only the first"


@pytest.mark.parametrize("strategy", ["best-of-n", "beam", "dvts", "rebase"])
def test_what_is_published_with_a_weighted_vote_answers_by_it(strategy):
    found = chosen_by(strategy, 0)
    assert found.answer == "6" and found.by == "weighted" and "strategy" not in found.picks


@pytest.mark.parametrize("strategy", ["confidence", "adaptive"])
def test_a_strategy_with_a_vote_of_its_own_answers_by_that_with_a_reward_and_without(strategy):
    for reward in ("r", ""):
        found = chosen_by(strategy, 0, reward)
        assert found.answer == "5" and found.by == "strategy"
    assert solved().by == "" and solved().answer == ""


@pytest.mark.parametrize("strategy", ["tournament", "confidence", "best-first"])
def test_the_answer_is_what_the_last_round_ended_with(strategy, folders):
    model, judge = folders
    found = solve(PROBLEM, model=model, strategy=strategy, reward=f"prm:{judge}", **SHORT)
    own = solving.answer_of(found.rounds[-1].best.sample)
    assert (found.answer, found.by) == (own, "strategy") if own or not any(found.answers) else found.answer


def test_a_choice_that_answers_nothing_leaves_the_answer_to_the_vote():
    empty = chosen_by("tournament", 0)
    blank = replace(empty.scored[0], sample=replace(empty.scored[0].sample, info={"answer": ""}))
    rounds = (replace(empty.rounds[-1], best=blank),)
    found = replace(empty, scored=(blank, *empty.scored[1:]), rounds=rounds)
    assert found.by == "weighted" and found.answer


def test_the_verb_says_whose_answer_it_is(capsys):
    _talk(chosen_by("tournament", 0).as_dict())
    _talk(chosen_by("beam", 0).as_dict())
    _talk(chosen_by("mcts", 0, "").as_dict())
    said = [line for line in capsys.readouterr().out.splitlines() if " answers " in line]
    assert [line.split(";")[0] for line in said] == [
        "tournament answers 5", "beam answers 6 by a weighted vote", "mcts answers 6 by a majority vote"
    ]  # fmt: skip


def test_a_task_is_its_problem_and_not_its_answer():
    task = ReasoningTask("2 + 3?", "5", 2, "sums", "a/1")
    assert task.key() == {"problem": "2 + 3?", "system_prompt": SYSTEM_PROMPT}
    assert task == ReasoningTask("2 + 3?", "6") and task.unanswered().answer == "" and task.unanswered() == task
    assert task != replace(task, system_prompt="") and "5" not in str(task.unanswered())
    assert task.right("5") is True and task.right("6") is False and task.right("") is False
    assert task.unanswered().right("5") is None
    assert "## Step" in SYSTEM_PROMPT and "$\\boxed{answer}$. I hope it is correct." in SYSTEM_PROMPT


@pytest.mark.parametrize(
    ("problem", "more", "error", "says"),
    [
        (" ", {}, BadInput, "The problem is empty"),
        ("x" * 20_001, {}, BadInput, "20,001 characters"),
        (PROBLEM, {"n": 0}, BadInput, "n is 0"),
        (PROBLEM, {"strategy": "beem"}, UnknownName, "beam"),
        (PROBLEM, {"reward": "clip"}, BadInput, "not for steps of reasoning in words"),
        (PROBLEM, {"reward": "prn"}, UnknownName, "prm"),
        (PROBLEM, {"temperature": 7.0}, BadInput, "temperature"),
        (PROBLEM, {"extra_body": {"a": 1}}, BadInput, "are for endpoints"),
    ],
)
def test_wrong_words_are_one_sentence(problem, more, error, says, folders):
    with pytest.raises(error, match=says):
        solve(problem, model=folders[0], **SHORT | {"reward": ""} | more)


def test_what_is_not_loaded_here_takes_no_options():
    with pytest.raises(BadInput, match="is none"):
        solve(PROBLEM, model="endpoint:m@http://127.0.0.1:1/v1", reward="", dtype="bfloat16", device="cpu")
    with pytest.raises(ModelUnavailable, match="vLLM is not installed"):
        solve(PROBLEM, model="vllm:a/model", reward="")


def test_the_verb(folders, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    given = [
        "solve",
        PROBLEM,
        "--model",
        folders[0],
        "--n",
        "3",
        "--max-tokens",
        "20",
        "--system-prompt",
        "add it",
        "--reward",
        f"prm:{folders[1]}",
    ]

    def call(*words):
        with pytest.raises(SystemExit) as leaving:
            main([*given, *words])
        return leaving.value.code, capsys.readouterr().out

    code, out = call("--json", "--truth", "5")
    assert code == 0 and len(json.loads(out)["samples"]) == 3 and json.loads(out)["settings"]["max_tokens"] == 20
    code, out = call("--strategy", "beam", "--aggregation", "prod")
    assert code == 0 and "beam answers" in out and "weighted" in out
    code, out = call("--strategy", "beem", "--json")
    assert code == 2 and "beam" in json.loads(out)["error"]


def test_the_verb_says_what_came_from_the_store(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))

    def told(n, seed):
        with pytest.raises(SystemExit):
            main(["solve", PROBLEM, "--model", f"endpoint:m@{url}", "--n", n, "--seed", seed, "--json"])
        out, err = capsys.readouterr()
        assert json.loads(out)["samples"]
        return err

    with serve(chat) as (server, url):
        assert "from the store" not in told("3", "1")
        asked = len(server.seen)
        again = told("3", "1")
        assert "3 samples of this result came from the store" in again and "pools delete" in again
        assert len(server.seen) == asked
        assert "3 samples" in told("5", "1") and "from the store" not in told("3", "2")


def test_it_is_there_under_the_packages_own_name():
    assert tts_playground.solve is solve and tts_playground.Solved is Solved and "solve" in tts_playground.__all__

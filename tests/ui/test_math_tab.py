"""The tab of reasoning on random models: a search streams, a comparison keeps to its tokens, and its endpoint."""

import json
from dataclasses import replace

import httpx
import pytest
import tiny_texts
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from transformers import LlamaConfig, LlamaForTokenClassification

from tts_playground.models import loading
from tts_playground.pages.math import page_state, recipe_runs, render
from tts_playground.pages.math.view_settings import MathView
from tts_playground.ui import shell
from tts_playground.ui.math import TAB

PROBLEM = "what is two and three?"


@pytest.fixture(scope="module", autouse=True)
def model(tmp_path_factory):
    """A random model and a random judge under the embedded ones' names; nothing is kept elsewhere."""
    home, words = tmp_path_factory.mktemp("models"), tiny_texts.tokenizer()
    torch.manual_seed(5)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(words), num_labels=2, initializer_range=0.3, **sizes)
    LlamaForTokenClassification(config).save_pretrained(home / "prm")
    words.save_pretrained(home / "prm")
    config_file = tiny_texts.save(home / "math") / "config.json"
    facts = json.loads(config_file.read_text())
    config_file.write_text(json.dumps(facts | {"max_position_embeddings": 1024}))  # room for how to solve it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tts_playground.models.hub.embedded_models.CHECKPOINTS", home)
        patch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr("tts_playground.home.STARTERS", tmp_path_factory.mktemp("starters"))
        page_state.starter.cache_clear()
        loading.forget()
        yield
    page_state.starter.cache_clear()
    loading.forget()


@pytest.fixture(scope="module")
def served(model):
    app = shell.build([TAB])
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


@pytest.fixture(scope="module")
def view():
    return MathView(PROBLEM, "5", "beam", n=4, max_tokens=24, temperature=1.0)


@pytest.fixture(scope="module")
def searched(view):
    return list(page_state.solve(view))


def test_a_search_grows_and_ends(searched, view):
    last = searched[-1]
    assert last.done and last.tree.strategy == "beam" and last.tree.finished
    assert all(not one.done for one in searched[:-1])
    assert all(len(node.scores) == len(node.steps) for node in last.tree.nodes)
    assert "role=" in render.tree_of(last) and "<li>" in render.reading(last.tree)


def test_another_strategy_spends_no_more_tokens(searched):
    *_, both = page_state.compare(searched[-1], "best-of-n")
    assert both.beside.strategy == "best-of-n" and both.beside.tokens <= both.tree.tokens
    assert both.tree == searched[-1].tree and "tokens" in render.compared(both)
    assert len(both.pool.solutions) == len(both.beside.finished)


def test_best_of_n_gives_the_pool_that_n_is_read_off(view):
    *_, found = page_state.solve(replace(view, strategy="best-of-n"))
    assert len(found.pool.solutions) == 4 and found.pool.judged
    assert "selector" in render.picks(found.pool, 2, "last") and "chip" in render.chips(found.pool, 2, "last")


def test_the_first_page_holds_nothing_of_what_the_tab_shows():
    app = shell.build([TAB])
    parts = [part["props"] for part in app.config["components"] if part["type"] in ("plot", "html")]
    held = [one for one in parts if str(one.get("elem_id")).startswith("math-")]
    assert len(held) > 12
    assert all(len(str(one.get("value") or "")) < 200 for one in held), "it is sent when the tab is opened"
    assert len(json.dumps(app.config, default=str)) < 165_000
    app.close()


def _opened(address, query):
    """What a page gets when the tab is opened."""
    with httpx.Client(base_url=address + "gradio_api/", timeout=60) as http:
        config = httpx.get(address + "config").json()
        tab = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "tab-math")
        event = next(one for one in config["dependencies"] if [tab, "select"] in one["targets"] and one["backend_fn"])
        session = "opened" + str(abs(hash(query)))
        body = {"fn_index": event["id"], "data": [None, "tokens"], "session_hash": session}
        body["event_data"] = {"index": 0, "value": "Reasoning Steps"}
        assert http.post(f"queue/join?{query}", json=body).status_code == 200
        with http.stream("GET", "queue/data", params={"session_hash": session}) as lines:
            messages = (json.loads(line[5:]) for line in lines.iter_lines() if line.startswith("data:"))
            last = next(one for one in messages if one["msg"] == "process_completed")
        names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
        return last["success"], dict(
            zip(map(names.get, event["outputs"]), last["output"].get("data", ()), strict=False)
        )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tab=math&n=8&problem=what+is+one%3F", {"math-n": 8, "math-problem": "what is one?", "math-truth": ""}),
        ("tab=math&look=99999&temperature=warm", {"math-temperature": 0.8}),
        ("tab=vqa&n=8", {}),
    ],
)
def test_opening_the_tab_brings_what_a_link_says_and_no_more(served, query, expected):
    success, shown = _opened(served, query)
    assert success, shown
    set_by_link = {name: value for name, value in shown.items() if name in expected}
    assert set_by_link == expected
    for name in {"math-n", "math-problem", "math-temperature"} - set(expected):
        assert "value" not in shown[name]  # skipped


WRONG = (
    {"n": 65},
    {"n": 2.5},
    {"n": 0},
    {"temperature": -1},
    {"aggregation": "median"},
    {"strategy": "bem"},
    {"reward": "nothing"},
    {"model": "../math"},
    {"max_tokens": 10**9},
    {"problem": " \n"},
    {"problem": "x" * 20_001},
)


def test_the_endpoint_solves_and_refuses_in_a_sentence(served):
    client = Client(served, verbose=False)
    given = {"problem": PROBLEM, "n": 2, "max_tokens": 24, "strategy": "beam", "api_name": "/solve"}
    said = client.predict(**given)
    assert said["strategy"] == "beam" and len(said["samples"]) == 2 and said["reward"] == "prm"
    for wrong in WRONG:
        with pytest.raises(AppError) as error:
            client.predict(**given | wrong)
        assert "Traceback" not in str(error.value) and "inside the app" not in str(error.value)
        assert str(error.value).rstrip()[-1] in ".?"


def test_a_recipe_runs_reports_and_leaves_nothing_behind(model, monkeypatch, tmp_path):
    monkeypatch.setattr("tts_playground.files.own_folder", lambda kind: tmp_path)
    recipe = recipe_runs.recipe_on_page("approach: best_of_n\nn: 2\nmax_tokens: 16", 2)
    *_, last = states = list(recipe_runs.runs(recipe))
    assert last.done == 2 and last.accuracy.problems == 2 and last.tokens > 0
    rows = [json.loads(line) for line in last.rows.splitlines()]
    assert [len(row["completions"]) for row in rows] == [2, 2] and all("pred_weighted@2" in row for row in rows)
    assert "2 problems" in recipe_runs.progress(last) and "weighted" in recipe_runs.table(last)
    assert all("busy" in recipe_runs.progress(one) for one in states[:-1])
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_that_is_stopped_leaves_nothing_behind(model, monkeypatch, tmp_path):
    monkeypatch.setattr("tts_playground.files.own_folder", lambda kind: tmp_path)
    running = recipe_runs.runs(recipe_runs.recipe_on_page("approach: beam_search\nn: 4\nmax_tokens: 64", 5))
    next(running)
    running.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [{"model": "somebody/secret"}, {"reward": "prm:somebody/secret"}])
def test_visitors_bring_no_other_models(served, given):
    visitor = Client(served, verbose=False, headers={"X-Real-IP": "10.0.0.7"})
    with pytest.raises(AppError, match="Visitors of this server choose from"):
        visitor.predict(problem=PROBLEM, api_name="/solve", **given)


def test_a_link_of_a_visitor_brings_no_other_model(served):
    config = httpx.get(f"{served}config").json()
    (opening,) = (
        one for one in config["dependencies"] if one["targets"][0][1] == "select" and len(one["outputs"]) > 20
    )
    with httpx.Client(headers={"X-Real-IP": "10.0.0.7"}, timeout=60) as client:
        query = "?tab=math&model=somebody/secret"
        body = {"fn_index": opening["id"], "data": [False, "tokens"], "session_hash": "abc", "event_data": {"index": 0}}
        client.post(f"{served}gradio_api/queue/join{query}", json=body)
        said = client.get(f"{served}gradio_api/queue/data?session_hash=abc").text
    assert "Visitors of this server choose from" in said

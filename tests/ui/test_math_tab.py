"""The tab of reasoning on random models: a search streams, a comparison keeps to its tokens, and its endpoint."""

import json
from dataclasses import replace

import pytest
import tiny_texts
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from transformers import LlamaConfig, LlamaForTokenClassification

from tts_playground.models import loading
from tts_playground.pages.math import page_state, render
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
    assert "chip" in render.picks(found.pool, 2, "last")


def test_the_first_page_holds_no_figure_of_the_tab():
    app = shell.build([TAB])
    plots = [part["props"] for part in app.config["components"] if part["type"] == "plot"]
    assert len(plots) == 3 and all(not one.get("value") for one in plots)
    app.close()


def test_the_endpoint_solves_and_refuses_in_a_sentence():
    app = shell.build([TAB])
    client = Client(shell.serve(app, block=False, quiet=True, server_name="127.0.0.1"), verbose=False)
    try:
        given = {"n": 2, "max_tokens": 24, "strategy": "beam", "api_name": "/solve"}
        said = client.predict(PROBLEM, **given)
        assert said["strategy"] == "beam" and len(said["samples"]) == 2 and said["reward"] == "prm"
        for wrong in ({"n": 65}, {"aggregation": "median"}, {"strategy": "bem"}, {"reward": "nothing"}):
            with pytest.raises(AppError) as error:
                client.predict(PROBLEM, **given | wrong)
            assert "Traceback" not in str(error.value) and "inside the app" not in str(error.value)
    finally:
        app.close()

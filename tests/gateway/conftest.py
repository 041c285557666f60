"""One gateway on a free port, over random models of the real classes."""

import openai
import pytest
import tiny_texts
import tiny_vlms
import torch
from transformers import LlamaConfig, LlamaForTokenClassification

from tts_playground.gateway.server import GatewayServer
from tts_playground.models import loading


@pytest.fixture(scope="package")
def folders(tmp_path_factory):
    """(a language model, a judge of steps, a model that reads pictures)"""
    made, words = tmp_path_factory.mktemp("models"), tiny_texts.tokenizer()
    torch.manual_seed(5)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(words), num_labels=2, initializer_range=0.3, **sizes)
    LlamaForTokenClassification(config).save_pretrained(made / "prm")
    words.save_pretrained(made / "prm")
    yield str(tiny_texts.save(made / "lm")), str(made / "prm"), str(tiny_vlms.save("tiny", made / "vlm"))
    loading.forget()


@pytest.fixture(scope="package")
def served(folders):
    """A gateway that serves "math" and "eyes", with the judge "judge"."""
    model, judge, eyes = folders
    server = GatewayServer.bound([f"math={model}", f"eyes={eyes}"], [f"judge=prm:{judge}"], port=0)
    running = server.in_background()
    yield server
    running.stop()


@pytest.fixture
def serve():
    """Starts further gateways; all are stopped in the end."""
    running = []

    def start(*args, **named):
        server = GatewayServer.bound(*args, port=0, **named)
        running.append(server.in_background())
        return server

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="package")
def client(served):
    """The real client of the protocol."""
    return openai.OpenAI(base_url=served.address, api_key="any", max_retries=0)

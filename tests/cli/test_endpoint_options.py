"""``--most-tokens`` and ``--extra-body`` of the verbs that may ask an endpoint: what is sent, and what is refused."""

import json

import pytest
from endpoint_servers import Answer, completion, serve, vllm
from PIL import Image

from tts_playground.cli import main
from tts_playground.errors import BadInput
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.vqa import longest_reply, vqa_sampler

TREE = {(): {"7": 0.5, "8": 0.5}}
EXTRA = {"chat_template_kwargs": {"enable_thinking": False}}


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """(exit code, stdout, one line of both) of ``verb``."""
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TTS_PLAYGROUND_VLM_MODEL", raising=False)
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    rows = [{"image": "a.png", "question": "which?", "answer": "7"}]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    given = {"answer": [str(tmp_path / "a.png"), "which?"], "vqa-curve": ["--data", str(tmp_path / "q.jsonl")]}

    def call(verb, *words):
        with pytest.raises(SystemExit) as left:
            main([*verb.split(), *given.get(verb, ["--out", str(tmp_path)]), *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return left.value.code, out, " ".join((out + err).split())

    return call


@pytest.mark.parametrize("verb", ["answer", "vqa-curve"])
@pytest.mark.parametrize(("words", "sent"), [([], 512), (["--most-tokens", "40"], 40)])
def test_the_length_of_replies_and_further_fields_are_sent(run, verb, words, sent):
    with serve(vllm(lambda _: TREE)) as (server, url):
        words = ["--model", f"endpoint:m@{url}", "--n", "4", "--extra-body", json.dumps(EXTRA), "--json", *words]
        code, out, _ = run(verb, *words)
    assert code == 0 and json.loads(out)
    drawn = [seen.body for seen in server.seen if "top_logprobs" not in seen.body]
    assert [body["max_tokens"] for body in drawn] == [sent] * 4
    assert all(seen.body["chat_template_kwargs"] == EXTRA["chat_template_kwargs"] for seen in server.seen)
    assert len(server.seen) > 4  # verifiers send them as well


def test_a_bill_is_what_answers_cost(run):
    reply = completion("7", tokens=0, usage={"prompt_tokens": 300, "completion_tokens": 9})
    with serve(lambda _: Answer(reply)) as (_, url):
        _, out, _ = run("answer", "--model", f"endpoint:m@{url}", "--n", "4", "--json")
    said = json.loads(out)
    assert said["cost"]["tokens"] == 36 and {one["p_yes"] for one in said["samples"]} == {None}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "--extra-body is no JSON"),
        ("[1]", "--extra-body is a JSON object"),
        ("[" * 999, "--extra-body nests"),
        ('{"seed": 1, "max_completion_tokens": 2}', "extra_body cannot set max_completion_tokens, seed"),
    ],
)
@pytest.mark.parametrize("verb", ["audit run", "answer", "vqa-curve"])
def test_extra_bodies_that_cannot_be(run, verb, text, match):
    code, _, said = run(verb, "--model", "endpoint:m@http://localhost:1/v1", "--extra-body", text)
    assert code == 2 and match in said


@pytest.mark.parametrize(("verb", "model"), [("audit run", "scripted:fair"), ("answer", "tiny:vlm")])
def test_other_models_take_no_extra_body(run, verb, model):
    code, _, said = run(verb, "--model", model, "--extra-body", '{"min_p": 0.1}')
    assert code == 2 and "for endpoints" in said and model in said


@pytest.mark.parametrize("length", ["0", "5000", "many"])
def test_lengths_that_cannot_be(run, length):
    code, _, said = run("answer", "--most-tokens", length)
    assert code == 2 and "--most-tokens" in said


def test_the_length_belongs_to_the_kind_of_model(monkeypatch):
    assert longest_reply("tiny:vlm") == 96 == AnswerSettings().most_tokens
    assert longest_reply("endpoint:m@http://x") == 512 and longest_reply("endpoint:m@http://x", 7) == 7
    monkeypatch.setenv("TTS_PLAYGROUND_VLM_MODEL", "endpoint:m@http://localhost:1/v1")
    assert longest_reply() == 512 and vqa_sampler().fingerprint()["most_tokens"] == 512
    with pytest.raises(BadInput, match="most_tokens"):
        vqa_sampler(None, AnswerSettings(most_tokens=5000))

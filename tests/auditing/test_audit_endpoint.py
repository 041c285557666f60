"""An audit of a model behind an endpoint: exact chances by its likeliest tokens, or draws."""

import json
import re

import numpy as np
import pytest
from endpoint_servers import ENDS, bare, serve, vllm

from tts_playground.auditing import responders
from tts_playground.auditing.choosers import ExactChooser, ReplyChooser
from tts_playground.auditing.run import ask, audit, audit_rounds, signature
from tts_playground.auditing.settings import AuditSettings
from tts_playground.cli import main
from tts_playground.errors import BadInput, CannotDo

SMALL = {"per_cond": 1, "conditions": ("sym",)}
PICTURES = AuditSettings(**SMALL).pictures()
LOVES_7 = {(): {"7": 0.5, " 3": 0.2, "Ġ3": 0.1, "The": 0.2}, ("The",): {" 4": 1.0}}
WRITTEN = {(): {"7": 0.5, " 3": 0.3, "The": 0.2}, ("The",): {" 4": 1.0}}
SPACED = {(): {"▁": 1.0}, ("▁",): {"7": 0.6, "3": 0.4}, ("▁", "7"): {ENDS: 1.0}, ("▁", "3"): {ENDS: 1.0}}


def chooser(url, **more):
    return responders.resolve(f"endpoint:a/b@c@{url}", **more)


@pytest.mark.parametrize(("tree", "p7", "p3"), [(LOVES_7, 0.5, 0.3), (SPACED, 0.6, 0.4)])
def test_exact_chances_are_the_servers(tree, p7, p3):
    with serve(vllm(lambda _: tree)) as (server, url):
        asked = chooser(url)
        assert isinstance(asked, ExactChooser) and isinstance(asked, ReplyChooser)
        rows = ask(asked, AuditSettings(**SMALL), PICTURES)
    assert len(rows) == len(PICTURES) and {row.protocol for row in rows} == {"exact"}
    for row in rows:
        expected = np.zeros(10)
        expected[[7, 3]] = p7, p3
        assert row.digits == pytest.approx(expected) and row.unreadable == pytest.approx(1 - p7 - p3)
    assert {seen.body["top_logprobs"] for seen in server.seen} == {20}
    assert all("image_url" in json.dumps(seen.body["messages"]) for seen in server.seen)


def test_draws_are_read_and_differ_between_pictures():
    settings = AuditSettings(protocol="sampled", samples=400, **SMALL)
    with serve(vllm(lambda _: WRITTEN)) as (server, url):
        rows = ask(chooser(url), settings, PICTURES)
        assert len(server.seen) == 40 * len(PICTURES) and {seen.body["n"] for seen in server.seen} == {10}
        again = ask(chooser(url), settings, PICTURES)
    assert again == rows
    for row in rows:  # "The 4" is read as 4
        assert np.array(row.digits)[[7, 3, 4]] / 400 == pytest.approx([0.5, 0.3, 0.2], abs=0.1)  # four standard errors
    assert len({row.digits for row in rows}) > 1
    assert {seen.body["max_tokens"] for seen in server.seen} == {8}


def test_a_list_is_one_reply():
    with serve(vllm(lambda _: {(): {"7, 3, 1": 1.0}})) as (server, url):
        rows = ask(chooser(url), AuditSettings(protocol="list", samples=3, **SMALL), PICTURES[1:])
    assert rows[0].digits[7] == rows[0].digits[1] == 1 and len(server.seen) == len(PICTURES) - 1
    assert all(seen.body.get("n", 1) == 1 for seen in server.seen)


@pytest.mark.parametrize(
    ("play", "settings", "match"),
    [
        (bare, {}, "top_logprobs.*'sampled'"),
        (bare, {"protocol": "sampled", "restricted": True}, "top_logprobs.*'sampled'"),
        (vllm(lambda _: LOVES_7), {"temperature": 0.5}, "temperature.*'sampled'"),
        (vllm(lambda _: LOVES_7), {"task": "color"}, "single tokens.*'sampled'"),
    ],
)
def test_what_a_protocol_needs_and_the_server_lacks(play, settings, match):
    with serve(play) as (_, url), pytest.raises(CannotDo, match=match):
        list(audit_rounds(chooser(url), AuditSettings(**SMALL | settings)))


def test_a_server_that_refuses_everything_optional_is_audited_by_draws():
    with serve(bare) as (_, url):
        report = audit(f"endpoint:m@{url}", protocol="sampled", samples=20, **SMALL)
    assert report.as_dict()["images"] == 1 and sum(row.digits[7] for row in report.rows) == 20


def test_what_is_asked_names_the_rows():
    settings = AuditSettings()
    first, extra = chooser("http://localhost:1/v1"), {"min_p": 0.1}
    assert signature(first, settings) != signature(chooser("http://localhost:2/v1"), settings)
    assert signature(first, settings) != signature(chooser("http://localhost:1/v1", extra_body=extra), settings)
    with pytest.raises(BadInput, match="for endpoints"):
        responders.resolve("scripted:fair", extra_body=extra)


def test_the_verb(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_KEY", "own")
    for name in ("TTS_PLAYGROUND_ENDPOINT_URL", "TTS_PLAYGROUND_VLM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with serve(vllm(lambda _: LOVES_7)) as (server, url):
        words = ["audit", "run", "--model", f"endpoint:m@v2@{url}", "--per-cond", "1", "--out", str(tmp_path), "--json"]
        with pytest.raises(SystemExit) as left:
            main([*words, "--extra-body", '{"min_p": 0}'])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and found["protocol"] == "exact" and found["images"] == 6
    assert all(seen.body["min_p"] == 0 and seen.headers["Authorization"] == "Bearer own" for seen in server.seen)
    rows = (tmp_path / re.split(r"[/\\]", found["files"]["rows"])[-1]).read_text().splitlines()
    assert {json.loads(row)["model"] for row in rows} == {"m@v2"}

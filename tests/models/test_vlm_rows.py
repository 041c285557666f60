"""Replies in a batch against one row at a time, nothing cached, with transformers' own warpers; and going on."""

from types import SimpleNamespace

import pytest
import tiny_vlms
import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from tts_playground.models.decode.gumbel import gumbel, stream_starts
from tts_playground.models.decode.linear import RowRule
from tts_playground.models.vlm.decode import CPU_ROWS, ReplyRow, draw_rows, rows_that_fit
from tts_playground.models.vlm.model import Vlm

PROMPT = "is kiwi 7?"
ROWS = [
    ReplyRow(0, 0, 0.8, 0, 1.0),
    ReplyRow(0, 1, 1.5, 5, 1.0),
    ReplyRow(1, 2, 1.5, 0, 0.5),
    ReplyRow(1, 3, 2.0, 9, 0.8),
    ReplyRow(2, 4, 0.05, 0, 1.0),
    ReplyRow(2, 5, 3.0, 0, 1.0),
]


@pytest.fixture(scope="module", params=tiny_vlms.KINDS)
def vlm(request):
    return Vlm(*tiny_vlms.parts(request.param))


def one_by_one(vlm, row, count):
    """(tokens, log-probabilities as drawn, log-probabilities at temperature 1) by whole forwards."""
    warpers = [TemperatureLogitsWarper(row.temperature)]
    warpers += [TopKLogitsWarper(row.top_k)] if row.top_k else []
    warpers += [TopPLogitsWarper(row.top_p)] if row.top_p < 1 else []
    found, streams = ([], [], []), stream_starts([(row.seed, row.index)], "answer tokens")
    for position in range(count):
        plain = tiny_vlms.plain(vlm, tiny_vlms.picture(), PROMPT, found[0])[-1]
        plain = plain.masked_fill(~words(vlm), float("-inf")).log_softmax(-1)
        weights = LogitsProcessorList(warpers)(None, plain[None].clone())  # type: ignore[arg-type]
        token = int((weights + gumbel(streams, position, len(plain))).argmax())
        values = token, float(weights.log_softmax(-1)[0, token]), float(plain[token])
        for kept, value in zip(found, values, strict=True):
            kept.append(value)
    return found


def words(vlm):
    """All tokens but the mark of a picture, behind which the plain forward looks for another picture."""
    return torch.arange(len(prefix(vlm).logits)) != vlm.mark


def drawn(vlm, rows, most, stop, **more):
    more = {"allow": lambda place, tokens: words(vlm)} | more
    ended = {place: one for place, one in draw_rows(vlm, prefix(vlm), rows, most, stop, **more) if place >= 0}
    return [ended[place] for place in range(len(rows))]


def prefix(vlm):
    return vlm.prefix(tiny_vlms.picture(), PROMPT)


def test_every_row_is_its_own_whoever_ends_before_it_and_whatever_others_are_set_to(vlm):
    """Rows end after 1, 2, ... 6 tokens: the batch shrinks twice, and settings and noise go with their rows."""
    found = drawn(vlm, ROWS, 6, lambda row, tokens: len(tokens) > row.index)
    backwards = drawn(vlm, ROWS[::-1], 6, lambda row, tokens: len(tokens) > row.index)[::-1]
    assert [one.tokens for one in backwards] == [one.tokens for one in found]
    for row, one in zip(ROWS, found, strict=True):
        tokens, logprobs, plain = one_by_one(vlm, row, row.index + 1)
        assert one.tokens == tokens
        assert one.logprobs == pytest.approx(logprobs, abs=2e-3)
        assert one.plain == pytest.approx(plain, abs=2e-3)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.temperature}-{row.top_k}-{row.top_p}")
def test_every_setting_alone(vlm, row):
    (one,) = drawn(vlm, [row], 4, lambda *_: False)
    tokens, logprobs, _ = one_by_one(vlm, row, 4)
    assert one.tokens == tokens and one.logprobs == pytest.approx(logprobs, abs=2e-3)


def test_going_on_with_or_without_kept_keys_and_values_is_never_having_stopped(vlm):
    whole = [one.tokens for one in drawn(vlm, ROWS, 7, lambda *_: False)]
    for first, second in ((3, 2), (1, 4)):
        rows = ROWS
        for count in (first, second, 7 - first - second):
            ended = drawn(vlm, rows, count, lambda *_: False, keep=True)
            kept = [one.piece for one in ended]
            rows = [
                ReplyRow(r.seed, r.index, r.temperature, r.top_k, r.top_p, r.tokens + tuple(one.tokens),
                    r.pieces + ((piece,) if piece is not None else ()))
                for r, one, piece in zip(rows, ended, kept, strict=True)
            ]  # fmt: skip
            for row in rows:
                assert row.held in (0, len(row.tokens) - 1), "of all tokens but the last, or of none"
        assert [list(row.tokens) for row in rows] == whole
        bare = [ReplyRow(r.seed, r.index, r.temperature, r.top_k, r.top_p, r.tokens[:5]) for r in rows]
        again = drawn(vlm, bare, 2, lambda *_: False)
        assert [one.tokens for one in again] == [tokens[5:] for tokens in whole]


def test_a_grammar_forbids_by_row_and_leaves_the_others_their_chances(vlm):
    allowed = [{7, 11, 30}, {8, 9}]

    def allow(place, tokens):
        mask = torch.zeros(len(prefix(vlm).logits), dtype=torch.bool)
        mask[sorted(allowed[place])] = True
        return mask

    rows = [ReplyRow(0, 0, 1.0, 0, 1.0), ReplyRow(0, 1, 1.0, 0, 1.0)]
    found = drawn(vlm, rows, 3, lambda *_: False, allow=allow)
    for one, among in zip(found, allowed, strict=True):
        assert set(one.tokens) <= among
        chances = prefix(vlm).logits[sorted(among)].log_softmax(-1)
        assert one.logprobs[0] == pytest.approx(float(chances[sorted(among).index(one.tokens[0])]), abs=1e-4)


@pytest.mark.parametrize(
    ("rule", "lean", "rows"),
    [
        (RowRule(4), True, CPU_ROWS),
        (RowRule(8, 8), True, 8),
        (RowRule(8, 10**6), True, CPU_ROWS),
        (RowRule(8, 8), False, CPU_ROWS),
    ],
)
def test_rows_at_once_on_a_cpu(rule, lean, rows):
    shape = SimpleNamespace(num_key_value_heads=2, num_attention_heads=2, hidden_size=16, num_hidden_layers=2)
    model = SimpleNamespace(device=torch.device("cpu"), steps=SimpleNamespace(rule=rule), text_config=shape)
    model.model = SimpleNamespace(dtype=torch.float32)
    given = SimpleNamespace(lean=object() if lean else None, length=100, logits=torch.zeros(50))
    assert rows_that_fit(model, given, 10) == rows  # type: ignore[arg-type]

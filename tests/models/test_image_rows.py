"""The token loop: equal to the model's own forward, to transformers' generate, and to itself in any batch."""

import random
from dataclasses import replace

import pytest
import tiny_checkpoints
import torch
from transformers import (
    DynamicCache,
    LogitsProcessorList,
    StaticCache,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tts_playground.errors import CannotDo
from tts_playground.models.decode.decoder import ModuleSteps
from tts_playground.models.decode.gumbel import gumbel, stream_starts
from tts_playground.models.decode.llama import LlamaSteps
from tts_playground.models.decode.sampling import choose, distribution
from tts_playground.models.decode.stepping import steps_for
from tts_playground.models.janus.decode_batch import DecodeBatch, ImageRow, knobs_of
from tts_playground.models.janus.model import Janus

PROMPT = "a red apple left of a cat"


def finish(batch):
    for _ in batch.run(batch.janus.tokens):
        pass
    return batch


def draw(janus, rows, prompt=PROMPT):
    return finish(DecodeBatch(janus, janus.prefix(prompt), rows)).tokens


def plain_loop(janus, rows, prompt=PROMPT):
    """The lab's way: twice the rows, the model's forward and a cache of transformers'; our noise."""
    model, n = janus.model, len(rows)
    ids = janus.prompt_ids(prompt)
    embeds = model.get_input_embeddings()(ids.repeat_interleave(n, 0))
    knobs, streams = knobs_of(rows, janus.codes, "cpu"), stream_starts([(r.seed, r.index) for r in rows])
    cache, tokens = DynamicCache(config=model.config.text_config), []
    for position in range(janus.tokens):
        out = model.model.language_model(inputs_embeds=embeds, past_key_values=cache, use_cache=True)
        logits = model.model.generation_head(out.last_hidden_state[:, -1])
        weights = distribution(logits[:n], logits[n:], knobs)
        tokens.append(choose(weights, gumbel(streams, position, janus.codes)).token)
        embeds = model.prepare_embeddings_for_image_generation(tokens[-1].repeat(2)[:, None])
    return torch.stack(tokens, 1)


ROWS = [
    ImageRow(0, 0, 1.0, 5.0, 0, 1.0),
    ImageRow(0, 1, 0.7, 1.0, 0, 1.0),
    ImageRow(3, 7, 1.5, 2.0, 20, 1.0),
    ImageRow(3, 8, 1.0, 100.0, 0, 0.9),
    ImageRow(0, 2, 0.0001, 3.0, 0, 1.0),
]


@torch.no_grad()
def test_with_the_same_noise_our_tokens_equal_a_plain_loop_over_the_models_forward(random_janus):
    assert isinstance(random_janus.steps, LlamaSteps)
    assert torch.equal(draw(random_janus, ROWS), plain_loop(random_janus, ROWS))


ALONE = [
    ImageRow(0, 3, 0.9, 1.0, 0, 1.0),
    ImageRow(1, 3, 1.7, 3.0, 5, 1.0),
    ImageRow(1, 4, 1.7, 3.0, 0, 0.6),
    ImageRow(1, 5, 2.5, 1.0, 9, 0.8),
    ImageRow(2, 0, 1.3, 0.5, 0, 1.0),
    ImageRow(2, 1, 1.3, 0.0, 0, 1.0),
]


@pytest.mark.parametrize("row", ALONE, ids=lambda row: f"{row.temperature}-{row.cfg}-{row.top_k}-{row.top_p}")
@torch.no_grad()
def test_every_setting_alone_is_what_transformers_own_warpers_make_of_it(random_janus, row):
    """Also what is reported of each token: its log-probability and the entropy, by torch's own distribution."""
    janus, model = random_janus, random_janus.model
    warpers = [TemperatureLogitsWarper(row.temperature)]
    warpers += [TopKLogitsWarper(row.top_k)] if row.top_k else []
    warpers += [TopPLogitsWarper(row.top_p)] if row.top_p < 1 else []
    batch = finish(DecodeBatch(janus, janus.prefix(PROMPT), [row]))
    embeds, streams = model.get_input_embeddings()(janus.prompt_ids(PROMPT)), stream_starts([(row.seed, row.index)])
    cache = DynamicCache(config=model.config.text_config)
    for position in range(janus.tokens):
        out = model.model.language_model(inputs_embeds=embeds, past_key_values=cache, use_cache=True)
        cond, uncond = model.model.generation_head(out.last_hidden_state[:, -1])
        weights = LogitsProcessorList(warpers)(None, (uncond + row.cfg * (cond - uncond))[None])  # type: ignore[arg-type]
        token = int((weights + gumbel(streams, position, janus.codes)).argmax())
        assert int(batch.tokens[0, position]) == token, position
        plain = torch.distributions.Categorical(logits=weights[0].clamp_min(-1e9))
        assert float(batch.logprobs[0, position]) == pytest.approx(float(plain.log_prob(torch.tensor(token))), abs=2e-3)
        assert float(batch.entropies[0, position]) == pytest.approx(float(plain.entropy()), abs=2e-3)
        embeds = model.prepare_embeddings_for_image_generation(torch.tensor([token, token]))[:, None]


@pytest.mark.parametrize("cfg", [2.0, 5.0])
def test_greedy_equals_transformers_generate(random_janus, cfg):
    model = random_janus.model
    ids = random_janus.prompt_ids(PROMPT)[:1]
    cache = StaticCache(config=model.config.text_config, max_cache_len=ids.shape[1] + random_janus.tokens)
    theirs = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        generation_mode="image",
        do_sample=False,
        guidance_scale=cfg,
        past_key_values=cache,
    )
    assert torch.equal(draw(random_janus, [ImageRow(0, 0, 0.0, cfg, 0, 1.0)]), theirs)


def test_grouped_heads_and_a_model_that_is_no_plain_llama_agree_with_the_models_forward():
    grouped = Janus(tiny_checkpoints.janus(kv_heads=2), tiny_checkpoints.janus_processor())
    with torch.no_grad():
        assert torch.equal(draw(grouped, ROWS), plain_loop(grouped, ROWS))
    lean = draw(grouped, ROWS)
    layer = grouped.language_model.layers[0]
    handle = layer.register_forward_hook(lambda *_: None)
    hooked = Janus(grouped.model, grouped.processor)
    assert isinstance(hooked.steps, ModuleSteps)
    assert torch.equal(draw(hooked, ROWS), lean)
    handle.remove()
    assert isinstance(steps_for(grouped.language_model), LlamaSteps)


def random_rows(count, seed):
    rng = random.Random(seed)
    temperatures, guidance = [0.0001, 0.01, 0.3, 0.7, 1.0, 1.5, 5.0], [1.0, 1.5, 3.0, 5.0, 20.0, 100.0]
    return [
        ImageRow(
            seed,
            index,
            rng.choice(temperatures),
            rng.choice(guidance),
            rng.choice([0, 0, 5, 40]),
            rng.choice([1.0, 0.9]),
        )
        for index in range(count)
    ]


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.timeout(600)  # as threads that wait for each other take their time
@pytest.mark.parametrize(("seed", "count"), [(0, 1), (1, 1), (2, 2)])
def test_an_image_does_not_depend_on_its_batch(seed, count, threads):
    threads(count)
    # Near-uniform logits with many near ties: a single wrong bit would show as another token.
    janus = Janus(tiny_checkpoints.janus(sharpness=1.0, seed=seed, grid=4), tiny_checkpoints.janus_processor())
    rows = random_rows(64, seed)
    together = finish(DecodeBatch(janus, janus.prefix(PROMPT), rows))
    pictures = [picture.tobytes() for picture in janus.pictures(together.tokens)]
    few = count > 1  # threads that wait for each other are slow on a busy machine
    for size, starts in ((1, (3, 50) if few else range(0, 64, 7)), (3, (0, 30)), (17, (5, 40))):
        for start in starts:
            some = finish(DecodeBatch(janus, janus.prefix(PROMPT), rows[start : start + size]))
            assert torch.equal(some.tokens, together.tokens[start : start + size])
            assert torch.equal(some.logprobs, together.logprobs[start : start + size])
            assert janus.pictures(some.tokens)[0].tobytes() == pictures[start]


def test_rows_that_go_on_from_kept_keys_and_values_draw_the_same(random_janus):
    whole = finish(DecodeBatch(random_janus, random_janus.prefix(PROMPT), ROWS))
    first = DecodeBatch(random_janus, random_janus.prefix(PROMPT), ROWS)
    for _ in first.run(6):
        pass
    later = [
        ImageRow(
            r.seed,
            r.index,
            r.temperature,
            r.cfg,
            r.top_k,
            r.top_p,
            tuple(first.tokens[i, :6].tolist()),
            (first.piece(i),),
        )
        for i, r in enumerate(ROWS)
    ]
    assert torch.equal(
        finish(DecodeBatch(random_janus, random_janus.prefix(PROMPT), later[::-1])).tokens.flip(0), whole.tokens
    )


def test_rows_that_stopped_twice_or_are_fed_what_they_had_draw_the_same(random_janus):
    prefix = random_janus.prefix(PROMPT)
    whole, rows = finish(DecodeBatch(random_janus, prefix, ROWS)), ROWS
    for count in (4, 3):
        batch = DecodeBatch(random_janus, prefix, rows)
        for _ in batch.run(count):
            pass
        tokens = batch.tokens[:, : batch.at].tolist()
        rows = [replace(row, tokens=tuple(tokens[i]), cache=(*row.cache, batch.piece(i))) for i, row in enumerate(rows)]
    assert torch.equal(finish(DecodeBatch(random_janus, prefix, rows)).tokens, whole.tokens)
    fed = DecodeBatch(random_janus, prefix, ROWS)
    fed.replay(whole.tokens[:, :5].tolist())
    assert torch.equal(finish(fed).tokens, whole.tokens)


def test_logits_that_are_not_finite_are_an_error_that_names_the_settings():
    model = tiny_checkpoints.janus()
    with torch.no_grad():
        model.model.generation_head.vision_head.bias[3] = float("nan")
    janus = Janus(model, tiny_checkpoints.janus_processor())
    with pytest.raises(CannotDo, match="guidance 7"):
        draw(janus, [ImageRow(0, 0, 1.0, 7.0, 0, 1.0)])


@pytest.mark.parametrize("bad", [float("-inf"), float("nan"), float("inf")])
def test_one_bad_logit_anywhere_is_not_forgotten(random_janus, bad):
    """Minus infinity leaves all others finite, and a first token's fault is gone by the second."""
    prefix = random_janus.prefix(PROMPT)
    logits = prefix.logits.clone()
    logits[0, 3] = bad
    with pytest.raises(CannotDo, match="not finite by token"):
        finish(DecodeBatch(random_janus, replace(prefix, logits=logits), [ImageRow(0, 0, 1.0, 1.0, 0, 1.0)]))
    finish(DecodeBatch(random_janus, prefix, [ImageRow(0, 0, 1.0, 1.0, 0, 1.0)]))


def test_the_error_names_the_strongest_guidance(random_janus):
    prefix = random_janus.prefix(PROMPT)
    rows = [
        ImageRow(0, i, t, cfg, 0, 1.0) for i, (t, cfg) in enumerate([(1.0, 3.0), (0.5, 9.0), (0.7, 9.0), (2.0, 1.0)])
    ]
    spoilt = replace(prefix, logits=torch.full_like(prefix.logits, float("nan")))
    with pytest.raises(CannotDo, match=r"temperature 0\.5, guidance 9"):
        finish(DecodeBatch(random_janus, spoilt, rows))


def test_teacher_forced_logits_give_the_log_probabilities_of_the_loop(random_janus):
    row = ImageRow(0, 3, 1.3, 4.0, 0, 1.0)
    batch = finish(DecodeBatch(random_janus, random_janus.prefix(PROMPT), [row]))
    tokens = batch.tokens[0].tolist()
    cond, uncond = random_janus.teacher_logits(PROMPT, tokens)
    knobs = knobs_of([row] * len(tokens), random_janus.codes, "cpu")
    logprobs = distribution(cond, uncond, knobs).log_softmax(-1)[range(len(tokens)), tokens]
    assert torch.allclose(logprobs, batch.logprobs[0], atol=1e-3)

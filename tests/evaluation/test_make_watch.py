"""What "Watch it draw" shows without a model belongs to the weights and the starters that ship."""

import json

import numpy as np
from PIL import Image

from tts_playground import home
from tts_playground.evaluation import make_watch
from tts_playground.models import loading
from tts_playground.samplers.patches import patches
from tts_playground.store import starters

RENEW = "run python -m tts_playground.evaluation.make_watch again"


def test_it_is_of_the_weights_that_ship_and_of_each_starters_best_image():
    told = json.loads((home.STARTERS / make_watch.FILE).read_text())
    pools = {pool.task_key["prompt"]: pool for pool in starters.load("t2i")}
    assert set(told["images"]) == set(pools), RENEW
    for prompt, pool in pools.items():
        assert told["revision"] == pool.fingerprint["revision"], RENEW
        image, scores = told["images"][prompt], pool.scores("clip", make_watch.N)
        assert scores[image["place"]] == max(scores), RENEW
        info = pool.samples(image["place"] + 1)[-1].info
        for row, token, logprob in zip(image["top"], info["tokens"], info["logprobs"], strict=True):
            chances = dict(map(tuple, row))
            assert token not in chances or abs(chances[token] - np.exp(logprob)) < 2e-3, RENEW


def test_a_code_looks_as_the_decoder_shows_it():
    janus = loading.load("tiny:janus", "janus").value
    sheet = Image.open(home.STARTERS / make_watch.CODES).convert("RGB")
    side = janus.side // janus.grid
    assert sheet.size == (make_watch.ROW * side, -(-janus.codes // make_watch.ROW) * side), RENEW
    for token, patch in zip((5, 700), patches(janus, (5, 700)), strict=True):
        left, top = token % make_watch.ROW * side, token // make_watch.ROW * side
        kept = np.asarray(sheet.crop((left, top, left + side, top + side)), np.int16)
        assert np.abs(kept - np.asarray(patch, np.int16)).max() <= 2, RENEW  # pixels round by processor

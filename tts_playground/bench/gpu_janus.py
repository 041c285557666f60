"""The parts of ``bench gpu`` about images: speed, equal bits of graphs and eager steps, running out of memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tts_playground.bench import t2i_models as shapes
from tts_playground.bench.gpu_card import Card, Clock, in_turn
from tts_playground.bench.gpu_models import Lab, remark
from tts_playground.bench.timing import row, summary
from tts_playground.models.janus.cuda_graph_batch import GraphBatch
from tts_playground.models.janus.decode_batch import DecodeBatch, ImageRow
from tts_playground.models.janus.model import ImagePrefix, Janus
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens

PROMPT = shapes.Prompt("two red apples left of a cat on a white background")
GUIDANCE = 5.0
WARM = 8
"""tokens that warm generate up"""

Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Watched(ImageTokens):
    """The app's sampler, which notes the size of every batch that it opens."""

    card: Card = field(default_factory=lambda: Card("cpu"))
    sizes: list[int] = field(default_factory=list)

    def _open(self, prefix: ImagePrefix, paths: Any) -> DecodeBatch:
        self.sizes.append(len(paths))
        self.card.admit(len(paths))
        return super()._open(prefix, paths)


def speed(lab: Lab) -> Rows:
    """Whole images at every N against generate, and how near to the bandwidth limit a token is."""
    lab.alone("janus")
    card, sizes, janus = lab.card, lab.sizes, lab.janus.value
    yield row("memory bandwidth, measured by a copy, read and written", lab.bandwidth / 1e9, None, "GB/s")
    for number, n in enumerate(sizes.counts):
        clock = Clock(lab.clock.left() / (len(sizes.counts) - number))
        mine = _ours(lab, n)
        for _ in range(2):
            mine()
        yield from _near_the_limit(lab, n)
        yield from _kernels(janus, n)
        theirs = card.shipped(shapes.generate(janus, PROMPT.prompt, n, GUIDANCE))
        with shapes.fewer_tokens(janus, min(WARM, janus.tokens)):
            theirs()
            step = card.seconds(theirs) / min(WARM, janus.tokens)
        tokens = peer_tokens(lab.clock.left(), step, janus.tokens) if card.cuda else janus.tokens
        lab.clock.hold(step * tokens if card.cuda else 0, f"generate at N={n}")
        taken, said = _against(lab, clock, mine, theirs, tokens)
        ours, peer = map(summary, taken)
        label = f"image tokens with guidance, N={n}, bf16, {said}: transformers' generate as peer"
        yield row(label, ours.median, peer.median, "s", spread=(ours, peer))
        rates = n / ours.median, n / peer.median
        label = f"images a second, N={n}: transformers' generate as peer"
        yield row(label, *rates, "1/s", ">= 3", higher_is_better=True)
        janus.slots.clear()
        card.tidy()


def peer_tokens(left: float, step: float, whole: int) -> int:
    """How many tokens of ``step`` seconds the peer draws in the time that is left: all, or fewer, never under WARM."""
    return whole if 1.3 * step * whole < left else min(whole, max(WARM, int(0.7 * left / step)))


def _against(lab: Lab, clock: Clock, mine: Any, theirs: Any, tokens: int) -> tuple[tuple[list[float], ...], str]:
    """Seconds of whole images of both sides, and what was run: a peer of fewer tokens is scaled to a whole image."""
    janus = lab.janus.value
    if tokens == janus.tokens:
        taken = in_turn(lab.card, clock, mine, theirs)
        return taken, f"{len(taken[0])} runs each"
    with shapes.fewer_tokens(janus, tokens):
        peer = lab.card.seconds(theirs) * janus.tokens / tokens
    return ([lab.card.seconds(mine)], [peer]), f"the peer's time scaled from {tokens} of {janus.tokens} tokens"


def _kernels(janus: Janus, n: int) -> Rows:
    """What the batch before ran on."""
    slot = shapes.last_slot(janus)
    graphed = slot is not None and not slot.eager and bool(slot.graphs)
    yield row(f"CUDA graphs in use, N={n} (1 yes)", float(graphed), None, "")
    fused = slot.fused if slot is not None else None
    yield row(f"fused kernels in use, N={n} (1 yes)", float(fused is not None), None, "")
    if fused is not None:
        parts = ", ".join(f"{name} {micros:.1f}" for name, micros in fused.micros.items())
        yield remark(f"microseconds of a layer's fused kernels in the trial, N={n}: {parts}; {fused.blocks}")


def _ours(lab: Lab, n: int) -> Any:
    sampler = ImageTokens(lab.janus, ImageSettings(1.0, GUIDANCE))

    def call() -> Any:
        sampler.janus._prefixes.clear()  # the prompt is read anew, as generate does
        return sampler.complete(PROMPT, sampler.start(PROMPT, range(n)))

    return call


def _near_the_limit(lab: Lab, n: int) -> Rows:
    """Tokens a second of our loop alone, and what copying would need for the weights, keys and values they read."""
    janus, card = lab.janus.value, lab.card
    prefix = janus.prefix(PROMPT.prompt)

    def whole() -> None:
        batch = opened(janus, prefix, n, eager=not card.cuda)
        try:
            for _ in batch.run(janus.tokens):
                pass
        finally:
            batch.close()

    whole()
    rate = n * janus.tokens / median(card.seconds(whole) for _ in range(3))
    limit = n * lab.bandwidth / shapes.bytes_a_token(janus, 2 * n)
    label = f"tokens a second, N={n}: the memory bandwidth's limit as peer, so that the ratio is the share reached"
    yield row(label, rate, limit, "1/s", ">= 0.6" if n == 1 else "", higher_is_better=True)


def opened(janus: Janus, prefix: ImagePrefix, n: int, *, eager: bool) -> GraphBatch:
    """A batch of the GPU's loop; ``eager`` runs the same body without graphs."""
    batch = GraphBatch(janus, prefix, _rows(n))
    batch.slot.eager = eager or batch.slot.eager
    return batch


def _rows(n: int) -> list[ImageRow]:
    return [ImageRow(0, index, 1.0, GUIDANCE, 0, 1.0) for index in range(n)]


def _tokens(batch: DecodeBatch, steps: int) -> Any:
    try:
        for _ in batch.run(steps):
            pass
        return batch.tokens[:, :steps].clone()
    finally:
        batch.close()


# ------------------------------------------------------------------------------------------------- equal bits


def graphs(lab: Lab) -> Rows:
    """The tokens of graphs, of the same steps run eagerly, and of the plain loop that a CPU has."""
    lab.alone("janus")
    janus, card, steps = lab.janus.value, lab.card, lab.sizes.steps
    prefix = janus.prefix(PROMPT.prompt)
    for n in (1, lab.sizes.together):
        janus.slots.clear()
        found: dict[str, Any] = {}
        spent: dict[str, float] = {}

        def draw(name: str, batch: DecodeBatch, found: dict[str, Any], spent: dict[str, float]) -> None:
            spent[name] = card.seconds(lambda: found.update({name: _tokens(batch, steps)}))

        # the first captures, the second replays alone
        for name in ("first graphs", "graphs", "eager", "eager again"):
            batch = opened(janus, prefix, n, eager=name.startswith("eager") or not card.cuda)
            slot = batch.slot
            draw(name, batch, found, spent)
        captured = bool(slot.graphs)
        slot.eager = not captured
        draw("plain", DecodeBatch(janus, prefix, _rows(n)), found, spent)
        said = "graphs" if captured else "steps (no graph was captured)"
        yield _differing(f"{said} against the same steps run eagerly", found["graphs"], found["eager"], goal="0")
        yield _differing(f"{said} against themselves", found["graphs"], found["first graphs"], goal="0")
        yield _differing("eager steps against themselves", found["eager again"], found["eager"], goal="0")
        yield _differing(f"{said} against the plain loop", found["graphs"], found["plain"], goal="")
        label = f"{steps} tokens, N={n}, {said}: eager steps as peer"
        yield row(label, spent["graphs"], spent["eager"], "s")
        yield row(f"{steps} tokens, N={n}, {said}: the plain eager loop as peer", spent["graphs"], spent["plain"], "s")
    janus.slots.clear()


def _differing(what: str, first: Any, second: Any, *, goal: str) -> dict[str, Any]:
    """How many tokens are not equal, and where the first of them stands."""
    unequal = (first != second).cpu()
    count = int(unequal.sum())
    where = "equal bit for bit" if not count else f"first at token {int(unequal.any(0).nonzero()[0])}"
    label = f"tokens that differ, N={len(first)}, of {unequal.numel()}, {what}: {where}"
    return row(label, float(count), None, "tokens", goal)


# ----------------------------------------------------------------------------------------------------- memory


def memory(lab: Lab) -> Rows:
    """A GPU that holds some two thirds of the batch: it is halved, and every image comes all the same."""
    lab.alone("janus")
    janus, card, n = lab.janus.value, lab.card, lab.sizes.together
    janus.slots.clear()
    whole = _drawn(lab, n)
    half = _drawn(lab, n, most=(n + 1) // 2)
    janus.slots.clear()
    steps = janus.steps
    row_bytes = 2 * steps.layers * steps.kv_heads * steps.head_dim * (lab.sizes.prompt + janus.tokens)
    room = int(0.75 * 2 * n * row_bytes * janus.table.element_size())
    opened_sizes: list[int] = []
    with card.squeezed(room, n * 2 // 3):
        short = _drawn(lab, n, seen=opened_sizes)
        janus.slots.clear()
    yield remark(f"GPU with {room / 2**30:.2f} GiB free for {n} images: batches begun of {_listed(opened_sizes)}")
    yield row(f"images that came, of {n}", float(len(short)), None, "images", str(n))
    yield row("batch halved (1 yes)", float(opened_sizes[:1] == [n] and (n + 1) // 2 in opened_sizes), None, "", "1")
    same = sum(a == b for a, b in zip(short, half, strict=True))
    yield row(f"of them equal to a run in halves with all the memory, of {n}", float(same), None, "images", str(n))
    same = sum(a == b for a, b in zip(short, whole, strict=True))
    yield row(f"of them equal to a run in one batch of {n}", float(same), None, "images")


def _drawn(lab: Lab, n: int, most: int | None = None, seen: list[int] | None = None) -> list[tuple[int, ...]]:
    """The tokens of n images by the app's sampler."""
    sampler = Watched(lab.janus, ImageSettings(1.0, GUIDANCE), most, lab.card, [] if seen is None else seen)
    return [path.tokens for path in sampler.complete(PROMPT, sampler.start(PROMPT, range(n)))]


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"


# --------------------------------------------------------------------------------------------------- compiled


def compiled(lab: Lab) -> Rows:
    """generate with its language model compiled, for one image of fewer tokens."""
    lab.alone("janus")
    janus, card = lab.janus.value, lab.card
    lab.clock.hold(60 if card.cuda else 0, "generate with a compiled model")
    tokens = min(96, janus.tokens)
    prefix = janus.prefix(PROMPT.prompt)
    theirs = card.shipped(shapes.generate(janus, PROMPT.prompt, 1, GUIDANCE))

    def ours() -> Any:
        return _tokens(opened(janus, prefix, 1, eager=not card.cuda), tokens)

    language_model = janus.language_model
    try:
        with shapes.fewer_tokens(janus, tokens):
            if card.cuda:
                language_model.compile()
            for call in (ours, ours, theirs, theirs):
                call()
            mine, peer = map(summary, in_turn(card, lab.clock, ours, theirs))
    finally:
        language_model._compiled_call_impl = None
    yield row(f"{tokens} tokens, N=1: transformers' generate with a compiled model as peer", mine.median, peer.median,
              "s", spread=(mine, peer))  # fmt: skip

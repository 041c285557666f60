"""A look as a page shows it: the gallery, the picks side by side, the curve, the histogram, and what they say."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from tts_playground import figures
from tts_playground.core import Progress
from tts_playground.errors import plural
from tts_playground.pages.links import gallery_links
from tts_playground.pages.made import made
from tts_playground.pages.status import status
from tts_playground.pages.t2i.gallery_state import GalleryState, average
from tts_playground.pages.t2i.view_settings import COLDEST, EMBEDDED, T2iView, guidance, to_query
from tts_playground.store.pool import PoolView
from tts_playground.tasks.image_rewards import title_of

SHEET = 112
"""pixels a side of a preview"""
HEIGHT = 290
"""pixels of a chart that stands beside pictures"""
KEPT = 64
"""charts of each kind that are kept: a class that moves the same sliders asks for the same ones"""
HELLO = "Pick or type a prompt and press “Draw”. Sliders draw anew when you let go of them."


def number(value: float) -> str:
    """A score for a caption: three decimals for cosines, fewer for large numbers."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def measure(reward: str) -> str:
    """What people call a reward."""
    return title_of(reward)


# ------------------------------------------------------------------------------------------------------ pictures


def gallery(look: GalleryState) -> list[tuple[str, str]]:
    """(file, caption) of the images in view, best first, the best one marked."""
    scores = look.scores.get(look.view.reward)
    if scores is None:
        return [(look.files[place], f"no. {place + 1}") for place in look.ranked()]
    return [
        (look.files[place], f"{'★ ' if rank == 1 else ''}{rank} · {number(scores[place])}")
        for rank, place in enumerate(look.ranked(), 1)
    ]


def picks(look: GalleryState, chosen: int | None = None) -> str:
    """What a choice is worth to the eye: best, worst, another draw, and the image that was clicked."""
    if not look.shown:
        return '<div class="picks empty"><p>No images yet.</p></div>'
    order = look.ranked()
    cards = [
        _card(look, order[0], f"Best of {look.shown}" if look.shown > 1 else "The one image", "best"),
        _card(look, order[-1], "Worst", "") if look.shown > 1 else "",
        _card(look, look.random_place(), "Another, at random", "") if look.shown > 2 else "",
    ]
    if chosen is not None and chosen < look.shown:
        cards.append(_card(look, chosen, "Clicked", "chosen"))
    scores = look.scores.get(look.view.reward, ())
    told = gallery_links(scores, order, gallery="t2i-gallery", curve="t2i-curve")
    return f'<div class="picks">{"".join(cards)}{told}</div>'


MEASURES = 3
"""scores on a card; the others unfold"""


def _card(look: GalleryState, place: int, title: str, mark: str) -> str:
    lines = []
    named = (look.view.reward, look.view.second, "geneval")  # what the page is about comes first
    for reward in sorted(look.scores, key=lambda name: named.index(name) if name in named else len(named)):
        scores, rank = look.scores[reward], look.rank(place, reward)
        where = "all equal" if rank is None else f"rank {rank}"
        words = html.escape(measure(reward))
        lines.append(f"<div><dt>{words}</dt><dd>{number(scores[place])}<small> {where}</small></dd></div>")
    if (logprob := look.logprobs[place]) is not None:
        hint = "Natural-log probability of all its tokens under the settings they were drawn with."
        lines.append(f'<div title="{hint}"><dt>log-probability</dt><dd>{logprob:.0f}</dd></div>')
    first, others = lines[:MEASURES], lines[MEASURES:]
    more = f"<details><summary>More scores</summary><dl>{''.join(others)}</dl></details>" if others else ""
    alt = f"{title}: {look.view.prompt}"
    picture = f'<img alt="{html.escape(alt, quote=True)}" src="{data_uri(look.files[place])}">'
    linked = f'tabindex="0" data-marks="image-{look.ranked().index(place)}"'
    return (
        f'<figure class="{mark}" {linked}><figcaption>{title}</figcaption>{picture}'
        f"<dl>{''.join(first)}</dl>{more}</figure>"
    )


def data_uri(file: str) -> str:
    """A picture file as an address that holds it; a blank one when the file was dropped since."""
    path = Path(file)
    return "data:image/png;base64," + base64.b64encode(path.read_bytes() if path.exists() else b"").decode()


def small_uri(file: str) -> str:
    """A picture file as a small address: large pictures are scaled down."""
    if not Path(file).exists():
        return data_uri(file)
    with Image.open(file) as picture:
        if max(picture.size) <= SHEET:
            return data_uri(file)
        small = picture.convert("RGB")
    small.thumbnail((SHEET, SHEET))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def sheet(previews: Sequence[Image.Image]) -> str:
    """The images in work side by side, as one small inline picture."""
    if not previews:
        return ""
    strip = Image.new("RGB", (len(previews) * (SHEET + 4) - 4, SHEET), (128, 128, 128))
    for place, preview in enumerate(previews):
        strip.paste(preview.resize((SHEET, SHEET), Image.Resampling.BILINEAR), (place * (SHEET + 4), 0))
    stream = io.BytesIO()
    strip.save(stream, "JPEG", quality=85)
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img class="sheet" alt="images in work" src="data:image/jpeg;base64,{data}">'


# ---------------------------------------------------------------------------------------------------------- words


def how_drawn(view: T2iView) -> str:
    """The setting that most decides what the view's kind of model draws, beside its guidance."""
    if not view.denoises:
        return f"temperature {view.temperature:g}"
    return f"{view.steps} denoising step{'s' * (view.steps != 1)}" + (f", eta {view.eta:g}" if view.eta else "")


def summary(look: GalleryState) -> str:
    """The status line of a look."""
    view = look.view
    if not look.size:
        return status("Nothing is drawn at these settings yet: press “Draw”, or let go of a slider with Live on.")
    short = f" N is {view.n}: press “Draw” for the rest." if look.size < view.n else ""
    seed = f", seed {view.seed}" if view.seed else ""
    noun = "image" if look.size == 1 else "images"
    what = f"{look.shown} of {look.size} {noun} of “{shortened(view.prompt, 80)}”"
    line = f"{what} {'in' if view.denoises else 'at'} {how_drawn(view)}, CFG {view.cfg:g}{seed}."
    return status(line + short, _numbers(look))


def _computed(look: GalleryState) -> tuple[str, str, str]:
    spent = f"{look.cost.get('tokens', 0):.0f}"
    if look.view.denoises:
        return "evaluations per image", spent, "How often the denoiser was evaluated: a guided step counts twice."
    whole = look.cost.get("tokens", 0.0)
    if look.view.cfg == 1 or whole % 2 or not whole:
        return "tokens per image", spent, "What the generator computed."
    rows = f"2 × {whole / 2:.0f}"
    hint = f"Guidance draws every token in two rows, with the prompt and without: {rows} = {spent} tokens computed."
    return "tokens per image", rows, hint


def _numbers(look: GalleryState) -> list[tuple[str, str, str]]:
    scores = look.scores.get(look.view.reward)
    if scores is None:
        return []
    shown = scores[: look.shown]
    words, mean = measure(look.view.reward), sum(shown) / len(shown)
    return [
        ("best", number(max(shown)), f"Highest {words} among the images in view: what best-of-N keeps."),
        ("mean", number(mean), f"Mean {words} of the images in view: what one of them gives on average."),
        ("worst", number(min(shown)), f"Lowest {words} among the images in view."),
        _computed(look),
    ]


def working(progress: Progress[Any], prompt: str = "") -> str:
    """The status line while images are drawn."""
    rows = f", row {progress.step} of {progress.steps} of the next" if progress.steps else ""
    name = f"“{prompt}”: " if prompt else ""
    if progress.done >= progress.of:
        return status(f"{name}All {progress.of} images are drawn; scoring them.", busy=True)
    return status(f"{name}Drawing: {progress.done} of {progress.of} images{rows}.", busy=True)


def not_drawn(shown: GalleryState) -> str:
    """The status line while the page shows what was drawn at other settings."""
    if not shown.size:
        return status("Not drawn at these settings yet: press “Draw”.")
    return status(f"Not drawn at these settings yet: the pictures are from {drawn_with(shown.view)}. Press “Draw”.")


FORMER_GUIDANCE = 1.5
"""tiny:janus's own until version 0.2; links of then ask for it"""


def weights_note(view: T2iView, earlier: PoolView | None) -> str:
    """What has changed since a link or a pool was made: the guidance that is best, and the weights."""
    found = []
    own = guidance(view.model)
    if view.model == EMBEDDED and view.cfg == FORMER_GUIDANCE != own:
        link = html.escape(to_query(replace(view, cfg=own)))
        found.append(
            f"CFG {FORMER_GUIDANCE:g} was {EMBEDDED}'s own before its weights changed; now {own:g} is."
            f' <a href="?{link}">Use CFG {own:g}</a>'
        )
    if earlier is not None:
        count = plural(len(earlier), "image")
        found.append(
            f"The store has {count} of this prompt and these settings by {html.escape(earlier.checkpoint)}. They can be"
            f" read (“pools export {earlier.key[:12]} FILE”) and are never mixed with new ones."
        )
    return f'<div class="note">{"".join(f"<p>{one}</p>" for one in found)}</div>' if found else ""


def complaints(sentences: Sequence[str]) -> str:
    """Why a reward cannot score this prompt."""
    texts = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
    return f'<div class="note">{texts}</div>' if texts else ""


def several_reading(looks: Sequence[GalleryState]) -> str:
    """What several prompts' curves say together."""
    reward = looks[0].view.reward
    mean = average(looks, reward)
    if mean is None:
        return status("These prompts have no scores by this reward.")
    last = max(1, mean.pool_size // 2)
    line = f"{plural(mean.prompts, 'prompt')}: {measure(reward)} {number(mean.at(1))} for one draw,"
    line += f" {number(mean.at(last))} for the best of {last}, on average."
    curves = {look.view.prompt: look.curve() for look in looks}
    gains = {
        prompt: one.at(last) - one.at(1) for prompt, one in curves.items() if one is not None and one.n[-1] >= last
    }
    if len(gains) > 1 and last > 1:
        most, least = max(gains, key=lambda one: gains[one]), min(gains, key=lambda one: gains[one])
        line += f" Choosing adds most on “{shortened(most)}” ({added(gains[most])}), least on"
        line += f" “{shortened(least)}” ({added(gains[least])})."
    view = looks[0].view
    said = f"{view.model}, {how_drawn(view)}, CFG {view.cfg:g}, seed {view.seed}, {measure(reward)}"
    of = settings_of(view, "prompt") | {"reward": reward}
    return status(line) + made("t2i", said, of, part="t2i-several")


def added(gain: float) -> str:
    """A gain to what is known of it: "0.089", "nothing"."""
    return "nothing" if abs(gain) < 5e-4 else f"{gain:+.2g}"


def reading(look: GalleryState) -> str:
    """What the curve says at the slider's N: the number that matters first."""
    return _read(look) + made_of(look)


def made_of(look: GalleryState) -> str:
    """The controls that the pictures depend on; N and the rewards look at them anew."""
    return made("t2i", drawn_with(look.view), settings_of(look.view)) if look.size else ""


def drawn_with(view: T2iView) -> str:
    """Every setting that matters, in words."""
    return f"“{shortened(view.prompt, 60)}”, {view.model}, {how_drawn(view)}, CFG {view.cfg:g}, seed {view.seed}"


def settings_of(view: T2iView, *without: str) -> dict[str, Any]:
    """The controls on which images depend, but for some, and what they say; all temperatures without noise are one."""
    names = ("steps", "eta") if view.denoises else ("temperature", "top_p", "top_k")
    of = {name: getattr(view, name) for name in ("prompt", "model", "cfg", "seed", *names)}
    of |= {"temperature": 0} if of.get("temperature", 1) <= COLDEST else {}
    return {name: value for name, value in of.items() if name not in without}


def _read(look: GalleryState) -> str:
    curve = look.curve()
    if curve is None:
        return headline("", "A curve needs scored images: press “Draw”.")
    at = min(look.view.n, look.size)
    one, best = curve.at(1), curve.at(at)
    if at == 1:
        first, more = f"One draw scores {number(one)} on average.", "Move N to see what choosing adds."
    elif round(best, 3) == round(one, 3):
        first, more = (
            f"Choosing among {at} adds nothing here:",
            f"{number(one)} with one draw, {number(best)} with {at}.",
        )
    else:
        first, more = f"Best of {at} scores {number(best)} on average;", f"one draw, {number(one)}."
    if at >= 4 and at & 1 == 0 and not more.endswith(f"with {at}."):
        early, late = curve.at(2) - one, best - curve.at(at // 2)
        smaller = "only " if late < early / 2 else ""
        more += f" From 1 to 2 images adds {gained(early)}; from {at // 2} to {at} {smaller}{gained(late)}."
    if look.view.n > look.size:
        more += f" {look.size} are drawn: press “Draw” to see N = {look.view.n}."
    elif at > max(1, curve.pool_size // 2):
        more += f" Beyond {curve.pool_size // 2} of {curve.pool_size} images this leans on few of them."
    return headline(first, more, f"By {measure(look.view.reward)}.")


def gained(gain: float) -> str:
    """As ``added``, without a sign; for what cannot fall."""
    return added(max(0.0, gain)).lstrip("+")


def headline(first: str, more: str, quiet: str = "") -> str:
    """A line above a figure, its first words large; everything is escaped."""
    said = [f"<b>{html.escape(first)}</b> " if first else "", html.escape(more)]
    said.append(f' <span class="quiet">{html.escape(quiet)}</span>' if quiet else "")
    return f'<p class="headline" role="status" aria-live="polite">{"".join(said)}</p>'


# -------------------------------------------------------------------------------------------------------- figures


def curve_figure(look: GalleryState, others: Sequence[GalleryState] = ()) -> Any:
    """Best reward against N, exact, with the slider's N marked; several prompts get a curve each, and their average."""
    return _curve_figure(look, tuple(others))


def charts(look: GalleryState, others: Sequence[GalleryState] = ()) -> tuple[str, str]:
    """The curve and the histogram as Plotly's JSON; what is looked at again is not written out again."""
    return _charts(look, tuple(others))


@lru_cache(maxsize=KEPT)
def _charts(look: GalleryState, others: tuple[GalleryState, ...]) -> tuple[str, str]:
    return _curve_figure(look, others).to_json(), _histogram_figure(look, others).to_json()


@lru_cache(maxsize=KEPT)
def _curve_figure(look: GalleryState, others: tuple[GalleryState, ...]) -> Any:
    if others:
        lines = [c for c in (prompt_curve(other) for other in others) if c is not None]
        mean = average(others, look.view.reward)
        return figures.prompts(lines, mean, at=look.view.n)
    curve = look.curve()
    if curve is None:
        return figures.empty("Draw some images first.")
    return figures.best_of_n(curve, at=min(look.view.n, look.size)).update_layout(height=HEIGHT, showlegend=False)


def prompt_curve(look: GalleryState) -> Any:
    """A look's curve under its prompt's name."""
    curve = look.curve()
    return None if curve is None else (shortened(look.view.prompt), curve)


def shortened(prompt: str, most: int = 42) -> str:
    """A prompt for a legend."""
    return prompt if len(prompt) <= most else prompt[: most - 1] + "…"


def histogram_figure(look: GalleryState, others: Sequence[GalleryState] = ()) -> Any:
    """How the scores of the pool are spread."""
    return _histogram_figure(look, tuple(others))


@lru_cache(maxsize=KEPT)
def _histogram_figure(look: GalleryState, others: tuple[GalleryState, ...]) -> Any:
    reward = look.view.reward
    pools = {shortened(other.view.prompt): other.scores[reward] for other in others if reward in other.scores}
    shown = figures.histogram(pools or look.scores.get(reward, ()), measure=measure(reward))
    return shown.update_layout(height=HEIGHT - 40)

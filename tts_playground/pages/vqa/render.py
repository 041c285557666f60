"""What comes out, for the eye: the table of distinct answers, who picks which, curves, and files to take away."""

from __future__ import annotations

import csv
import html
import io
from typing import Any

import numpy as np
from PIL import Image

from tts_playground import figures, registry
from tts_playground.answers import groups
from tts_playground.errors import BadInput, plural
from tts_playground.estimators.curves import Curve
from tts_playground.estimators.fits import coverage_law
from tts_playground.estimators.voting import majority_curve
from tts_playground.experiments.question_sets import AskedQuestion
from tts_playground.figures.answers import at_least_once, reliability_plot, reshaped
from tts_playground.models.vlm.model import digest
from tts_playground.pages.commands import PICTURE, command, embedded, writes_picture
from tts_playground.pages.downloads import offer
from tts_playground.pages.made import made, now
from tts_playground.pages.status import status
from tts_playground.pages.vqa import sentences
from tts_playground.pages.vqa.page_state import SetWork, VqaPageState, curves_of, gains_of, trust_of
from tts_playground.pages.vqa.sentences import mark_of
from tts_playground.pages.vqa.view_settings import DRAWN_WITH, ORDER, values_of
from tts_playground.tasks.vqa import read_picture, short_answer
from tts_playground.verifiers.selectors import tally

WORDS = {
    "verifier": "highest P(yes)",
    "majority": "majority",
    "weighted": "majority weighted by P(yes)",
    "rating": "highest rating",
    "logprob": "highest log-probability",
    "single": "first answer",
    "oracle": "oracle (knows the truth)",
}
BEFORE = ("apple", "kiwi", "pear", "plum", "lemon", "fig"), (2.4, 1.7, 1.1, 0.2, -0.6, -1.8)
"""a made-up distribution, shown until a question has been asked"""


HELLO = "Drop an infographic or pick an example, ask something, and press “Ask”."
HEIGHT = 320
"""pixels of the chart beside the answers"""


def table(work: VqaPageState | None) -> str:
    """Distinct answers, the most votes first: votes as a bar, P(yes), who picks it; the rest unfolds."""
    if work is None or not work.samples:
        return '<p class="what">No answers yet: press “Ask”.</p>'
    texts = [short_answer(sample) for sample in work.samples]
    names = groups(texts)
    order = sorted(dict.fromkeys(names), key=lambda name: (-names.count(name), names.index(name)))
    picked: dict[str, list[str]] = {}
    for selector, place in ({} if work.result is None else work.result.picks).items():
        if selector == "oracle" and not work.task.right(texts[place]):
            continue  # it knows the truth, and nobody said it
        picked.setdefault(names[place], []).append(selector)
    rows = "".join(
        _row(work, [i for i, one in enumerate(names) if one == name], picked.get(name, [])) for name in order
    )
    head = "".join(f"<th scope='col'>{one}</th>" for one in _HEAD)
    return f'<table class="answers"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _row(work: VqaPageState, places: list[int], selectors: list[str]) -> str:
    """One answer of the table: the replies at ``places`` say the same."""
    said = short_answer(work.samples[places[0]])
    scores = {} if work.result is None else work.result.scores
    right = work.task.right(said)
    mark = "" if right is None else ("right" if right else "wrong")
    sign = f" <small>{mark}</small>" if mark else ""
    name = html.escape(_short(said, 120) or "(nothing)")
    wide = 100 * len(places) / len(work.samples)
    votes = f"<i style='width:{wide:.0f}%'></i><span>{len(places)}</span>"
    rest = " · ".join(f"{words} {_mean(scores, key, places, form)}" for words, key, form in _REST)
    steps = f"<p class='steps'>{_steps(work, places[0])}</p>"
    more = f"<details><summary>reasoning</summary><p>{rest}</p>{steps}</details>"
    lines = " ".join(LINES[one] for one in selectors if one in LINES)
    linked = f"data-marks='{mark_of(groups([said])[0])} {lines}' data-place='{places[0]}' tabindex='0'"
    picks = html.escape(", ".join(_called(one) for one in selectors))
    return (
        f"<tr class='{mark}' {linked}><th scope='row'>{name}{sign}{more}</th><td class='votes'>{votes}</td>"
        f"<td>{_mean(scores, 'p_yes', places, '.2f')}</td><td class='picked'>{picks}</td></tr>"
    )


def _called(selector: str) -> str:
    """What picks, in words; one from outside by its label."""
    return WORDS.get(selector) or registry.entry("selector", selector).title


_REST = (("highest rating", "rating", ".1f"), ("highest log-probability", "logprob", ".2f"))
_HEAD = ("Answer", "Votes", "P(yes)", "Picked by")
LINES = {
    "verifier": "line-verifier-highest-p-yes",
    "majority": "line-majority",
    "weighted": "line-majority-weighted-by-p-yes",
    "rating": "line-highest-rating",
    "logprob": "line-highest-log-probability",
    "oracle": "line-any-of-n-is-right",
}
"""selector -> the mark of its curve (``figures.lines.mark_of``)"""
NAMES = {
    "any of N is right": "oracle",
    "verifier: highest P(yes)": "verifier",
    "majority weighted by P(yes)": "weighted vote",
    "highest rating": "rating",
    "highest log-probability": "log-probability",
    "mean of single answers": "one answer",
}
"""what legends call the curves: a chart may be 300 pixels wide"""
SHOWN = ("any of N is right", "verifier: highest P(yes)", "majority")
"""curves that are drawn at once; the others wait in the legend"""


def _short(answer: str, most: int = 60) -> str:
    return answer if len(answer) <= most else answer[: most - 3] + "..."


def _mean(scores: Any, key: str, places: list[int], form: str) -> str:
    values = [scores[key][place] for place in places] if key in scores else []
    return format(float(np.max(values)), form) if values else "–"


def _steps(work: VqaPageState, place: int) -> str:
    lines = list(work.samples[place].info.get("lines", ()))[:12]
    return "<br>".join(html.escape(line[:120]) for line in lines) if len(lines) > 1 else "–"


def headline(work: VqaPageState | None) -> str:
    """The status line and its strip of numbers."""
    if work is None:
        return status(HELLO)
    n = len(work.samples)
    if work.result is None:
        return status(f"{n} of {work.view.n} answers.", busy=True)
    result, cost = work.result, work.result.cost
    strip = [
        ("answers", f"{n}", "Independent replies: the N of best-of-N."),
        ("distinct", f"{len(set(groups(result.answers)))}", "Groups of answers that say the same."),
        ("tokens", f"{cost.tokens:,}", "Tokens generated for all replies."),
        ("verifications", f"{cost.verifier_calls}", "Answers judged by P(yes) and by a rating, in batches."),
        ("time", f"{work.seconds:.1f} s", "Wall-clock time of drawing and verifying on the server."),
    ]
    return status(sentences.settings_line(work), strip)


def made_of(work: VqaPageState) -> str:
    """The controls that the answers depend on; N looks at the first of those that were drawn."""
    values = dict(zip(ORDER, values_of(work.view), strict=True))
    of = {name: value for name, value in values.items() if name != "n"}
    of |= {} if work.view.blank else {"picture": work.task.picture}
    return made("vqa", sentences.settings_line(work).rstrip("."), of, most={"n": max(work.view.n, len(work.samples))})


def picture_now(picture: Any) -> str:
    """Which picture stands in the page."""
    return now("vqa", picture="" if picture is None else digest(read_picture(picture)))


def verdict(work: VqaPageState | None) -> str:
    """The line above the figures: what the majority and the verifier say, and how many are right."""
    if work is None:
        return f'<p class="headline">{HELLO}</p>'
    if work.result is None:
        return f'<p class="headline">{len(work.samples)} of {work.view.n} answers have come.</p>'
    return sentences.headline(work) + made_of(work)


# --------------------------------------------------------------------------------------------------------- curves


def question_figure(work: VqaPageState | None) -> Any:
    """Accuracy against N for this question; without a truth, how soon the vote says what all votes say."""
    asked = None if work is None else work.asked
    if work is None or asked is None:
        return figures.empty("No answers yet.").update_layout(height=HEIGHT)
    if work.task.answers:
        curves = curves_of((asked,), "exact").values()
        at = min(work.view.n, len(asked.answers))
        return few(figures.best_of_n(*curves, at=at, measure="chance to be right")).update_layout(height=HEIGHT)
    names = groups(asked.answers)
    lines: list[Curve] = []
    for label, weights in (("majority", None), ("majority weighted by P(yes)", asked.scores.get("p_yes"))):
        if label != "majority" and weights is None:
            continue
        top = next(iter(tally(asked.answers, weights)))
        gold = [float(name == top) for name in names]
        given = None if weights is None else [weights]
        lines.append(majority_curve([names], [gold], weights=given, label=f"{label} of N", measure="agreement"))
    at = min(work.view.n, len(names))
    return figures.best_of_n(*lines, at=at, measure=f"says what all {len(names)} say").update_layout(height=HEIGHT)


def few(figure: Any) -> Any:
    """The figure with the lines of ``SHOWN`` drawn and the others, bands included, waiting in the legend."""
    groups_shown = {
        trace.legendgroup for trace in figure.data if trace.name and trace.name.replace(" (oracle)", "") in SHOWN
    }
    figure.update_layout(legend_font_size=11)
    named = [trace.name.replace(" (oracle)", "") in SHOWN for trace in figure.data if trace.name and trace.showlegend]
    for trace in figure.data:
        if not trace.legendgroup and len(trace.x) == len(named) and groups_shown:  # the points at N
            trace.x, trace.y = ([one for one, yes in zip(row, named, strict=True) if yes] for row in (trace.x, trace.y))
            colours = zip(trace.marker.color, named, strict=True)
            trace.marker.color = [one for one, yes in colours if yes]
        if trace.legendgroup and groups_shown and trace.legendgroup not in groups_shown:
            trace.visible = "legendonly"
        plain = (trace.name or "").replace(" (oracle)", "")
        trace.name = "trend" if plain.startswith("coverage law") else NAMES.get(plain, trace.name)
    return figure


def set_figure(work: SetWork | None, axis: str, measure: str) -> Any:
    """Accuracy against N over a set of questions."""
    if work is None or not work.asked:
        return figures.empty("No set of questions asked yet.")
    curves = curves_of(work.asked, measure)
    law = coverage_law(curves["oracle"])
    lines = [*curves.values(), *([] if law is None else [law.curve(curves["oracle"])])]
    return few(figures.best_of_n(*lines, axis=axis, measure=f"accuracy ({measure})"))


def set_reading(work: SetWork | None, measure: str) -> str:
    """Which N, what early stopping saves, and how far the verifier can be trusted, in words."""
    if work is None or not work.asked:
        return status("Each question is answered N times; what was answered before comes from the store.")
    curves = curves_of(work.asked, measure)
    saved, found = trust_of(work.asked, measure)
    gains = gains_of(work.asked, measure, sentences.supported(curves["majority"]))
    said = [
        sentences.choosing("Voting", curves["majority"], gains["majority"]),
        sentences.choosing("The verifier", curves["verifier"], gains["verifier"]) if "verifier" in curves else "",
        sentences.trend(curves["oracle"]),
        f"Stopping once the vote is settled saves {sentences.share(saved.value)} of the answers.",
        sentences.trust_words(found),
    ]
    busy = work.done < work.of
    asked = plural(len(work.asked), "question")
    head = f"{work.done} of {work.of} questions." if busy else f"{asked} of {work.name}."
    view = work.view
    settings = sentences.asked_with(view)
    of = {name: getattr(view, name) for name in DRAWN_WITH}
    return status(sentences.joined([head, *said, work.note]), busy=busy) + made("vqa", settings, of, part="vqa-set")


def reliability_figure(asked: tuple[AskedQuestion, ...], measure: str = "exact") -> Any:
    """The verifier's reliability over all answers whose truth is known."""
    known = tuple(one for one in asked if one.truths)
    curve_of = trust_of(known, measure)[1].reliability if known else None
    if curve_of is None:
        return figures.empty("No verified answers with known truth yet.")
    return reliability_plot(curve_of.said, curve_of.true, curve_of.count)


def theory_figure(p: float, n: int) -> Any:
    """The lab's Q1.2."""
    return at_least_once(sorted({0.02, 0.1, 0.3, round(float(p), 3)}), at=int(n))


def shape_figure(work: VqaPageState | None, temperature: float, top_p: float, top_k: int) -> Any:
    """The lab's Q2.1 and Q2.2, on the first word of the reply where there is one."""
    words, logits = BEFORE
    if work is not None and work.likely:
        words = tuple(repr(word.strip()) if word.strip() else repr(word) for word, _ in work.likely)
        logits = tuple(value for _, value in work.likely)
    return reshaped([f"{i}: {w}" for i, w in enumerate(words, 1)], logits, temperature, top_p, int(top_k))


# ------------------------------------------------------------------------------------------------------ take away


def as_python(work: VqaPageState | None) -> str:
    """A script that repeats the answers; runs as pasted. A picture too large for a script is to be saved beside it."""
    if work is None:
        return "# Ask a question first; the script that repeats it then stands here."
    view = work.view
    given = {"model": view.model, "n": view.n, "temperature": view.temperature, "top_p": view.top_p}
    given |= {"top_k": view.top_k, "seed": view.seed}
    given |= ({"answers": view.truths} if view.truths else {}) | ({"blank": True} if view.blank else {})
    given |= {"most_tokens": view.most_tokens} if view.most_tokens else {}
    options = "".join(f",\n    {name}={value!r}" for name, value in given.items())
    picture = picture_lines(work.task.image)
    judged = work.result is None or "p_yes" in work.result.scores  # not every endpoint can judge
    shown = (
        "for sample, p in zip(result.samples, result.scores['p_yes']):\n"
        "    print(f\"{p:.3f}  {sample.info['answer']}\")\n"
        if judged
        else "for answer in result.answers:\n    print(answer)\n"
    )
    return (
        f"import base64\n\nimport tts_playground\n\n{picture}"
        f"result = tts_playground.answer(\n    picture,\n    {work.task.question!r}{options},\n)\n{shown}"
        "print({name: result.answers[place] for name, place in result.picks.items()})\n"
    )


def picture_lines(image: Image.Image) -> str:
    """Python that has the picture in ``picture``, or its file's name where it is too large for a script."""
    data = embedded(image)
    lines = "\n".join(f'    "{data[i : i + 100]}"' for i in range(0, len(data), 100))
    return f"picture = base64.b64decode(\n{lines}\n)\n" if data else f"picture = {PICTURE!r}  # save it here\n"


def as_command(work: VqaPageState | None) -> str:
    """The same for a terminal."""
    if work is None:
        return "# Ask a question first; the command that repeats it then stands here."
    view = work.view
    names = ("model", "n", "temperature", "top_p", "top_k", "seed", "blank")
    given = {name: getattr(view, name) for name in names} | {"most_tokens": view.most_tokens or None}
    line = command("answer", (PICTURE, work.task.question), given | ({"truth": view.truths[0]} if view.truths else {}))
    return writes_picture(embedded(work.task.image)) + line


def download(work: VqaPageState | None, kind: str) -> str:
    """A file for the browser to save, as ``scripts.offer`` writes it; ``kind`` is "csv", "parquet" or "html".

    Raises:
        BadInput: nothing was asked yet.
    """
    if work is None or not work.samples:
        raise BadInput("There are no answers to save yet; ask something first.")
    if kind == "html":
        data, mime = question_figure(work).to_html(include_plotlyjs=True).encode(), "text/html"
    elif kind == "parquet":
        data, mime = _parquet(work), "application/octet-stream"
    else:
        data, mime = _csv(work).encode(), "text/csv"
    return offer(f"answers.{kind}", mime, data)


def rows(work: VqaPageState) -> list[dict[str, Any]]:
    """One row a sample."""
    scores = {} if work.result is None else work.result.scores
    return [
        {
            "question": work.task.question,
            "index": sample.index,
            "seed": sample.seed,
            "answer": short_answer(sample),
            "text": sample.content,
            "logprob": sample.logprob,
            **{name: values[place] for name, values in scores.items() if name != "logprob"},
            "right": work.task.right(short_answer(sample)),
        }
        for place, sample in enumerate(work.samples)
    ]


def _csv(work: VqaPageState) -> str:
    file, found = io.StringIO(), rows(work)
    writer = csv.DictWriter(file, list(found[0]) if found else ["question"])
    writer.writeheader()
    # a cell that a spreadsheet would run as a formula gets a mark before it
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in found)
    return file.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value else value


def _parquet(work: VqaPageState) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows(work)), sink)
    return sink.getvalue()

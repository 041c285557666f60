"""Running an audit: pictures in, rows out, a batch at a time; what is on file already is not asked again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tts_playground import files, home, journal
from tts_playground.auditing import choice, colour, responders
from tts_playground.auditing.choosers import Chooser, ExactChooser, ReplyChooser
from tts_playground.auditing.pictures import ChoicePicture
from tts_playground.auditing.report import AuditReport, analyze
from tts_playground.auditing.rows import AuditRow, facts, row_of
from tts_playground.auditing.settings import LIMITS, AuditSettings, settings_from
from tts_playground.core import Progress
from tts_playground.errors import BadInput, CannotDo, shown
from tts_playground.models.loading import Options
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.typed import typed

BATCH = 8
"""pictures between two reports"""


def audit_rounds(
    chooser: Chooser,
    settings: AuditSettings,
    kept: Sequence[AuditRow] = (),
    *,
    batch: int = BATCH,
    cancel: Cancel = never,
) -> Iterator[Progress[AuditRow]]:
    """Ask about every picture that ``kept`` has no row of; one report a batch. Closing the generator stops it.

    The first report finishes the rows that were kept, where there are any; ``done`` of ``of`` pictures are answered.

    Raises:
        CannotDo: the chooser cannot do what the protocol needs.
        Cancelled: ``cancel()`` became true; it is asked before every batch.
    """
    pictures = settings.pictures()
    known = {row.picture.key: row for row in kept}
    there = [known[picture.key] for picture in pictures if picture.key in known]
    missing = [picture for picture in pictures if picture.key not in known]
    done = len(there)
    if there or not missing:
        yield _report(there, done, len(pictures))
    for start in range(0, len(missing), batch):
        stop_if(cancel)
        fresh = ask(chooser, settings, missing[start : start + batch])
        done += len(fresh)
        yield _report(fresh, done, len(pictures))


def _report(rows: Sequence[AuditRow], done: int, of: int) -> Progress[AuditRow]:
    return Progress(tuple(rows), share=done / of, done=done, of=of)


def answered(rounds: Iterable[Progress[AuditRow]]) -> tuple[AuditRow, ...]:
    """All rows of an audit, in the order in which they were answered."""
    return tuple(row for progress in rounds for row in progress.finished)


def ask(chooser: Chooser, settings: AuditSettings, pictures: Sequence[ChoicePicture]) -> list[AuditRow]:
    """One row a picture, by the protocol of the settings.

    Raises:
        CannotDo: the chooser tells no probabilities, or writes no replies, and the protocol needs them.
    """
    drawn: dict[str, Any] = {"seed": settings.seed, "temperature": settings.temperature}
    if settings.protocol == "exact" or settings.restricted:
        if not isinstance(chooser, ExactChooser):
            raise CannotDo("This chooser does not tell probabilities; use the protocol 'sampled' or 'list'.")
        if settings.restricted:
            return choice.restricted(chooser, pictures, settings.samples, **drawn)
        exact = colour.exact if settings.task == "color" else choice.exact
        return exact(chooser, pictures, settings.temperature)
    if not isinstance(chooser, ReplyChooser):
        raise CannotDo("This chooser writes no replies; use the protocol 'exact'.")
    if settings.protocol == "list":
        return choice.listed(chooser, pictures, settings.samples, **drawn)
    draw = colour.sampled if settings.task == "color" else choice.sampled
    return draw(chooser, pictures, settings.samples, **drawn)


# ------------------------------------------------------------------------------------------------------- files


def signature(chooser: Chooser, settings: AuditSettings) -> str:
    """Ten characters that name who was asked what: rows with equal ones may stand in one file."""
    text = json.dumps([dict(chooser.fingerprint()), settings.answers()], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def read(file: Path, wanted: str = "") -> list[AuditRow]:
    """The rows of a JSONL file; a torn last line (a run that was killed) is passed over.

    Raises:
        BadInput: no file, no rows, or rows of another audit than the ``wanted`` signature.
    """
    if not file.is_file():
        raise BadInput(f"There is no file {file}.")
    rows = []
    try:
        lines = journal.read(file)
    except BadInput as error:
        raise BadInput(f"{str(error).removesuffix('.')}, so it is no row of an audit; the file is damaged.") from error
    for number, found in enumerate(lines, 1):
        if wanted and found.get("audit") != wanted:
            raise BadInput(f"{file} holds another audit (other model or settings); choose another folder with --out.")
        try:
            rows.append(row_of(found))
        except BadInput as error:
            raise BadInput(f"Line {number} of {file}: {error}") from error
    return rows


def file_of(folder: Path, chooser: Chooser, settings: AuditSettings) -> Path:
    """The JSONL file of an audit, named as by the proof of concept: choice_only_... and choice_color_..."""
    task = "color" if settings.task == "color" else "only"
    return folder / f"choice_{task}_{settings.protocol}_{signature(chooser, settings)}.jsonl"


def recorded(
    file: Path, chooser: Chooser, settings: AuditSettings, *, batch: int = BATCH, cancel: Cancel = never
) -> Iterator[Progress[AuditRow]]:
    """``audit_rounds`` that appends every row to a JSONL file as soon as it is there, and goes on where it stopped."""
    sign = signature(chooser, settings)
    kept = read(file, sign) if file.is_file() else []
    on_file = {row.picture.key for row in kept}
    files.make_folder(file.parent)
    with journal.growing(file, "The audit") as append:
        for progress in audit_rounds(chooser, settings, kept, batch=batch, cancel=cancel):
            fresh = (row for row in progress.finished if row.picture.key not in on_file)
            append(facts_of(row, sign, chooser, settings) for row in fresh)
            yield progress


def starter() -> Path:
    """The audit of the embedded model that ships, where one does; read-only."""
    return home.STARTERS / "audit.jsonl"


def facts_of(row: AuditRow, sign: str, chooser: Chooser, settings: AuditSettings) -> dict[str, Any]:
    """A row as a line of the file has it, with who was asked what."""
    who: Mapping[str, Any] = {"audit": sign, "model": chooser.fingerprint().get("model", "")}
    return {**who, "task": settings.task, "temperature": settings.temperature, **facts(row, settings.samples)}


# ----------------------------------------------------------------------------------------------------- one call


@typed
def audit(
    model: str | Chooser | None = None,
    *,
    preset: str = "",
    out: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
    four_bit: bool = False,
    device_map: str | None = None,
    batch: int = BATCH,
    cancel: Cancel = never,
    temper: float = 1.0,
    own: bool = False,
    extra_body: Mapping[str, Any] | None = None,
    trust_code: str = "",
    **settings: Any,
) -> AuditReport:
    """Ask a model to choose at random, again and again, and report how far from uniform it is and why.

    Args:
        model: ``tiny:vlm``, a hub id (``llava-hf/llava-1.5-7b-hf``), a folder, ``endpoint:NAME@URL``,
            ``scripted:...``, or a ``Chooser``; None takes ``TTS_PLAYGROUND_AUDIT_MODEL`` or the embedded model.
        preset: "debug" or "full", the sizes of the proof of concept.
        out: a folder for the JSONL file, a row a picture; a run that was stopped goes on there.
        device, dtype, four_bit, device_map: how to load the model; ``device_map="auto"`` spreads it over all devices.
        batch: pictures in one forward pass.
        cancel: asked before every batch; what was answered is on file then, if ``out`` says where.
        temper: for exact probabilities, 0.0001-100: report what their digits would be at this temperature, as a page's
            slider and ``analyze`` do; rows and the share of valid replies stay those of ``temperature``.
        own, extra_body: of an endpoint, see ``EndpointSampler``.
        trust_code: see ``tasks.vqa.answer``.
        **settings: the fields of ``auditing.settings.AuditSettings``.

    Raises:
        BadInput: a setting is out of range or unknown. ModelUnavailable: the model cannot be had here.
        CannotDo: the model cannot do what the protocol needs. Cancelled: ``cancel()`` became true.
    """
    chosen = settings_from(settings, preset)
    check_temper(temper, chosen)
    if batch < 1:
        raise BadInput(f"A batch holds at least 1 picture, not {batch}.")
    if model is None or isinstance(model, str):
        where = Options(device, dtype, four_bit, device_map, trust_code)
        chooser = responders.resolve(model, where, batch, own=own, extra_body=extra_body)
    elif isinstance(model, (ExactChooser, ReplyChooser)):
        chooser = model
    else:
        raise BadInput(f"The model of an audit is a name or a chooser, not {shown(model, 60)}.")
    if out is None:
        rounds = audit_rounds(chooser, chosen, batch=batch, cancel=cancel)
    else:
        rounds = recorded(file_of(Path(out), chooser, chosen), chooser, chosen, batch=batch, cancel=cancel)
    return analyze(answered(rounds), chosen.samples, temperature=temper)


def check_temper(temper: float, settings: AuditSettings) -> None:
    """Raises BadInput where what was asked cannot be looked at at that temperature."""
    low, high = LIMITS["temperature"]
    if not low <= temper <= high:
        raise BadInput(f"temper is {temper:g}, but it must lie between {low:g} and {high:g}.")
    if temper != 1.0 and settings.protocol != "exact":
        raise BadInput("temper is for exact probabilities; replies are drawn at another temperature with temperature.")

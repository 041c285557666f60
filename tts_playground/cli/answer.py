"""``answer`` and ``vqa-curve``: N answers to a question about a picture, and what N buys over a set of questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, drawing, emit, say_read, table

if TYPE_CHECKING:
    from tts_playground.estimators.curves import Curve

Picture = Annotated[Path, typer.Argument(help="The picture: a PNG, JPEG, WEBP, ...")]
Question = Annotated[str, typer.Argument(help="What is asked about it.")]
AXES = ("n", "tokens", "verifier_calls", "seconds")
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "--sampler",
        envvar="TTS_PLAYGROUND_VLM_MODEL",
        help=f"tiny:vlm, a hub id, a folder, {options.plugged('vqa')}or endpoint:NAME@http://host:port/v1.",
    ),
]
Template = Annotated[
    str | None,
    typer.Option(
        help="What is said to the model; {question} stands for the question. By default large models that are loaded "
        "here are asked for a single word or phrase, others just the question."
    ),
]
Blank = Annotated[bool, typer.Option("--blank", help="Show a white picture instead: what is guessed, not seen.")]
Strategy = Annotated[
    str | None,
    typer.Option(
        help="Search over reasoning steps instead: "
        f"{registry.listed('strategy', 'vqa', without=('best-of-n',))}; --n whole replies, up to 32."
    ),
]
GUIDES = ", ".join(row.usage for row in registry.rewards("vqa"))
Guide = Annotated[str, typer.Option(help=f"What judges unfinished replies in such a search: {GUIDES}.")]
Truth = Annotated[list[str], typer.Option("--truth", help="An accepted answer; may be given several times.")]
Data = Annotated[
    str,
    typer.Option(help="infographics-eval, infovqa, a hub id, a folder, or a .jsonl, .json, .csv, .tsv, .parquet file."),
]
Questions = Annotated[int, typer.Option("--questions", min=1, help="How many questions of the set.")]
Side = Annotated[
    int,
    typer.Option("--picture-side", min=64, max=4096, help="Pixels of a picture's longer side; larger ones are scaled."),
]
Axis = Annotated[str, typer.Option(help="The figure's: n, tokens, verifier_calls or seconds.")]
Measure = Annotated[str, typer.Option(help="exact, anls or containment.")]


def answer(
    image: Picture,
    question: Question,
    model: Model = None,
    n: options.Count = 16,
    temperature: options.Temperature = 0.8,
    top_p: options.TopP = 1.0,
    top_k: options.TopK = 0,
    seed: options.Seed = 0,
    template: Template = None,
    truth: Truth = [],  # noqa: B006
    blank: Blank = False,
    strategy: Strategy = None,
    guide: Guide = "p_yes",
    json: options.Json = False,
    picture_side: Side = 768,
    most_tokens: options.MostTokens = None,
    extra_body: options.ExtraBody = None,
    dtype: options.Dtype = "auto",
    load_4bit: options.FourBit = False,
    device: options.Device = "auto",
    trust_code: options.TrustCode = "",
) -> None:
    """Draw N answers to QUESTION about IMAGE, let the model verify them, and say what each selector picks."""
    further = options.fields_of(extra_body)
    where: dict[str, Any] = {"dtype": dtype, "load_in_4bit": load_4bit, "device": device, "trust_code": trust_code}
    if strategy is not None:
        from tts_playground.samplers.vlm_settings import AnswerSettings
        from tts_playground.tasks.vqa_replies import PLAIN, longest_reply

        longest, said = longest_reply(model, most_tokens), template or PLAIN  # steps are no single word
        settings = AnswerSettings(temperature, top_p, top_k, longest, template=said)
        facts: dict[str, Any] = {"model": model, "strategy": strategy, "guide": guide, "n": n, "seed": seed}
        facts |= {"settings": settings, "answers": truth, "blank": blank, "own": True, "extra_body": further}
        _search(image, question, facts | where | {"longest": picture_side}, json)
        return
    from tts_playground.store.spare import open_store
    from tts_playground.tasks.vqa import answer as draw

    with open_store(console().print) as store, drawing(f"Drawing {n} answers", n) as hear:
        result = draw(
            image,
            question,
            model=model,
            n=n,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            seed=seed,
            template=template,
            answers=truth,
            blank=blank,
            own=True,
            store=store,
            on_round=hear,
            longest=picture_side,
            most_tokens=most_tokens,
            extra_body=further,
            **where,
        )
        say_read(store)
    emit(result.as_dict(), json, _talk)


def _search(image: Path, question: str, asked: dict[str, Any], json: bool) -> None:
    """The search over reasoning steps, with its tree."""
    from tts_playground.experiments.trace import trace
    from tts_playground.tasks.vqa_search import reason

    with console().status(f"Searching for {asked['n']} replies"):
        found = reason(image, question, **asked)
    emit(found.as_dict() | {"tree": trace(found.rounds).as_dict()}, json, _talk_search)


def _say_scaled(result: dict[str, Any]) -> None:
    if result.get("picture"):
        console().print(result["picture"], highlight=False)


def _talk_search(result: dict[str, Any]) -> None:
    _say_scaled(result)
    rows = [[one["answer"], f"{one['reward']:.3f}", " / ".join(one["steps"])] for one in result["samples"]]
    table(result["question"], ["answer", result["guide"], "steps"], rows)
    cost = result["cost"]
    print(f"{result['strategy']} picks {result['answer']}")
    as_many = f", as many as {result['worth']:.1f} such replies" if result["worth"] is not None else ""
    print(f"{cost['tokens']:,} tokens{as_many}; {cost['verifier_calls']} replies judged on their way")


def _talk(result: dict[str, Any]) -> None:
    _say_scaled(result)
    rows = [
        [str(i), one["answer"], _number(one["p_yes"]), _number(one["logprob"]), " / ".join(one["steps"])]
        for i, one in enumerate(result["samples"])
    ]
    table(result["question"], ["", "answer", "P(yes)", "log p", "steps"], rows)
    for name, picked in result["picks"].items():
        print(f"{name:10s} {picked}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def vqa_curve(
    data: Data = "infographics-eval",
    model: Model = None,
    n: options.Count = 32,
    questions: Questions = 200,
    measure: Measure = "exact",
    temperature: options.Temperature = 0.8,
    top_p: options.TopP = 1.0,
    top_k: options.TopK = 0,
    seed: options.Seed = 0,
    template: Template = None,
    axis: Axis = "n",
    plot: options.Plot = None,
    json: options.Json = False,
    picture_side: Side = 768,
    most_tokens: options.MostTokens = None,
    extra_body: options.ExtraBody = None,
    dtype: options.Dtype = "auto",
    load_4bit: options.FourBit = False,
    device: options.Device = "auto",
    trust_code: options.TrustCode = "",
    engine: options.Engine = "",
    address: options.Address = None,
    workers: options.Workers = None,
    gpus_per_worker: options.GpusPerWorker = None,
    chunks: options.Chunks = None,
) -> None:
    """Accuracy against N over a set of questions: oracle, verifier, majority; resumable, kept in the store."""
    from tts_playground.answers import MEASURES
    from tts_playground.errors import UnknownName
    from tts_playground.experiments import question_sets
    from tts_playground.models.load_options import options_of
    from tts_playground.samplers.vlm_settings import AnswerSettings
    from tts_playground.tasks.vqa_replies import longest_reply, template_for

    if measure not in MEASURES:
        raise UnknownName("measure", measure, MEASURES)
    if axis not in AXES:
        raise UnknownName("axis", axis, AXES)
    further = options.fields_of(extra_body)
    said = template_for(model) if template is None else template
    settings = AnswerSettings(temperature, top_p, top_k, longest_reply(model, most_tokens), template=said)
    loaded = options_of(device, dtype, load_4bit, trust_code)
    cluster = options.cluster_of(engine, address, workers, gpus_per_worker, chunks)
    ask = _asking(cluster, model, settings, loaded, further, n, seed)
    asked, skipped, scaled = _ask_all(data, questions, picture_side, ask)
    curves = question_sets.accuracy_curves(asked, measure)
    if plot is not None:
        _plot(plot, curves, axis, measure)
    emit(_summary(data, asked, skipped, curves, n, measure) | {"scaled": len(scaled)}, json, _talk_curves)


def _ask_all(data: str, questions: int, side: int, ask: Any) -> tuple[list[Any], list[str], list[str]]:
    """(the questions of a set with their answers, why others were skipped, what pictures were scaled to)."""
    from rich.progress import Progress

    from tts_playground.store.spare import open_store
    from tts_playground.tasks.vqa_data import questions as read

    asked, skipped, scaled = list[Any](), list[str](), list[str]()
    with open_store(console().print) as store, Progress(console=console()) as bar:
        task = bar.add_task(data, total=questions)
        for report in ask(_noting(read(data, questions, longest=side), scaled), store):
            bar.update(task, completed=report.done)
            asked += report.finished
            if report.note:
                skipped.append(report.note)
                bar.console.print(report.note, highlight=False)
    return asked, skipped, scaled


def _asking(cluster: Any, model: str | None, settings: Any, loaded: Any, further: Any, n: int, seed: int) -> Any:
    """What asks (questions, store): this process, or workers."""
    from tts_playground.experiments import question_sets
    from tts_playground.tasks.vqa import judges, vqa_sampler

    if cluster is not None:
        from tts_playground.experiments import clustered_questions

        loader = clustered_questions.QuestionLoader(model, settings, loaded, further)
        return lambda items, store: clustered_questions.run(items, loader, n, cluster, store=store, seed=seed)
    sampler = vqa_sampler(model, settings, own=True, extra_body=further, options=loaded)
    return lambda items, store: question_sets.run(items, sampler, judges(sampler), n, store=store, seed=seed)


def _noting(items: Iterable[Any], scaled: list[str]) -> Iterator[Any]:
    """The items of a set; what pictures were scaled to is noted."""
    for item in items:
        if getattr(item, "note", ""):
            scaled.append(item.note)
        yield item


def _plot(plot: Path, curves: dict[str, Curve], axis: str, measure: str) -> None:
    from tts_playground.estimators.fits import coverage_law
    from tts_playground.figures import best_of_n, save

    oracle = curves["oracle"]
    law = coverage_law(oracle)
    lines = [*curves.values()] if law is None else [*curves.values(), law.curve(oracle)]
    save(best_of_n(*lines, axis=axis, measure=f"accuracy ({measure})"), plot)


def _summary(
    data: str, asked: list[Any], skipped: list[str], curves: dict[str, Curve], n: int, measure: str
) -> dict[str, Any]:
    from tts_playground.estimators.fits import coverage_law
    from tts_playground.experiments import question_sets

    law = coverage_law(curves["oracle"])
    return {
        "data": data,
        "questions": len(asked),
        "skipped": skipped,
        "curves": {name: curve.as_dict() for name, curve in curves.items()},
        "measures": question_sets.side_by_side(asked),
        "coverage_law": None if law is None else law.as_dict() | {"sentence": law.sentence(curves["oracle"])},
        "which_n": {name: question_sets.which_n(curve).sentence for name, curve in curves.items()},
        "saved_by_stopping": question_sets.saved_by_stopping(asked, n).as_dict(),
        "trust": question_sets.trust(asked, measure=measure).as_dict(),
    }


def _talk_curves(result: dict[str, Any]) -> None:
    from tts_playground.estimators.intervals import between

    curves = result["curves"]
    ns = curves["single"]["n"]
    shown = [place for place, n in enumerate(ns) if n & (n - 1) == 0]
    rows = [[name, *(f"{line['mean'][place]:.3f}" for place in shown)] for name, line in curves.items()]
    table(f"{result['data']}: {result['questions']} questions", ["", *(f"N = {ns[p]}" for p in shown)], rows)
    names = [name for name in ("single", "majority", "verifier", "oracle") if name in curves]
    by_measure = result["measures"].items()
    rows = [[measure, *(f"{line[name]['value']:.3f}" for name in names)] for measure, line in by_measure]
    table(f"By measure, at N = {ns[-1]}", ["", *names], rows)
    if scaled := result["scaled"]:
        whose = "1 question's picture was" if scaled == 1 else f"The pictures of {scaled} questions were"
        print(f"{whose} larger than --picture-side and scaled down to it.")
    sentences = [*result["which_n"].values(), (result["coverage_law"] or {}).get("sentence", "")]
    for sentence in filter(None, sentences):
        print(sentence)
    saved = result["saved_by_stopping"]
    spread = between(saved["low"], saved["high"], ".0%")
    print(f"Stopping once the vote is settled saves {saved['value']:.0%} of the answers (95 %: {spread}).")

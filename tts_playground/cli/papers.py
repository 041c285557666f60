"""``papers``, ``papers list|search|remove``: the papers behind the library, and your own list beside them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import emit, table

app = typer.Typer(help="The papers behind the library, what they became here, and your own list.")

Words = Annotated[list[str] | None, typer.Argument(help="Words that must all stand in it: a strategy, an author.")]
Task = Annotated[str, typer.Option("--task", help="t2i, vqa, sketch, choice or text; all without it.")]
Name = Annotated[str, typer.Argument(help="The title, or words of it.")]
Pick = Annotated[int, typer.Option("--pick", min=0, max=20, help="Which one found is added, from 1; 0 adds none.")]
Say = Annotated[str, typer.Option("--say", help="Your own sentence about it.")]
About = Annotated[list[str] | None, typer.Option("--task", help="What it is about; may be given more than once.")]
Url = Annotated[str, typer.Option("--url", help="Another server of Semantic Scholar's API.", show_default=False)]
Key = Annotated[str, typer.Argument(help="The paper's key as the list shows it.")]


@app.callback(invoke_without_command=True)
def papers(context: typer.Context, task: Task = "", json: options.Json = False) -> None:
    """The papers behind the library; the newest first, after those that you added."""
    if context.invoked_subcommand is None:
        _list([], task, json)


@app.command("list")
def list_papers(words: Words = None, task: Task = "", json: options.Json = False) -> None:
    """Those in which all the words stand, e.g. `papers list tree search --task text`."""
    _list(words or [], task, json)


def _list(words: list[str], task: str, json: bool) -> None:
    from tts_playground.papers.paper import known, matching, own_file

    found = [one.as_dict() for one in matching(known(), words, task)]
    emit({"own": str(own_file()), "papers": found}, json, _talk)


def _talk(result: dict[str, Any]) -> None:
    if not result["papers"]:
        print("No paper tells of all that; leave words out.")
    for one in result["papers"]:
        print(f"{one['date'] or 'no date'}  {one['title']}  [{one['key']}]{'  (yours)' if one['own'] else ''}")
        print(f"    {', '.join(one['authors'])}: {one['link']}")
        became = [_became(part) for part in one["became"]]
        for line in (one["says"], f"here: {'; '.join(became)}" if became else ""):
            if line:
                print(f"    {line}")


def _became(part: dict[str, str]) -> str:
    return f"strategy {part['strategy']}" if "strategy" in part else f"{part['feature']} ({part['module']})"


@app.command()
def search(
    name: Name, pick: Pick = 1, say: Say = "", task: About = None, url: Url = "", json: options.Json = False
) -> None:
    """Ask Semantic Scholar for a paper and add it to your own list."""
    from dataclasses import replace

    from tts_playground.errors import BadInput, CannotDo, UnknownName, plural
    from tts_playground.papers.paper import LONGEST, TASKS, add
    from tts_playground.papers.scholar import search as found_by

    for one in task or []:
        if one not in TASKS:
            raise UnknownName("task", one, TASKS)
    if len(say) > LONGEST:
        raise BadInput(f"The sentence has {len(say):,} characters; at most {LONGEST} are kept.")
    found = found_by(name, max(5, pick), url)
    if not found:
        raise CannotDo("No papers found; try other words.")
    if len(found) < pick:
        raise CannotDo(f"{plural(len(found), 'paper')} found, so that there is no number {pick}; pick an earlier one.")
    chosen = replace(found[pick - 1], says=say.strip(), tasks=tuple(dict.fromkeys(task or []))) if pick else None
    twin = add(chosen) if chosen is not None else None
    result = {"found": [one.as_dict() for one in found], "added": None, "known": None}
    if chosen is not None:
        result["known" if twin else "added"] = (twin or chosen).as_dict()
    emit(result, json, _talk_search)


def _talk_search(result: dict[str, Any]) -> None:
    rows = [
        [str(n), one["date"], one["title"], ", ".join(one["authors"][:3])] for n, one in enumerate(result["found"], 1)
    ]
    table("Found", ["", "date", "title", "authors"], rows)
    if result["added"]:
        print(f"Added “{result['added']['title']}” as {result['added']['key']}.")
    elif result["known"]:
        print(f"“{result['known']['title']}” is on the list already, as {result['known']['key']}.")


@app.command()
def remove(key: Key, json: options.Json = False) -> None:
    """Take a paper off your own list."""
    from tts_playground.papers.paper import remove as taken_off

    gone = taken_off(key)
    emit({"removed": gone.as_dict()}, json, lambda r: print(f"Removed “{r['removed']['title']}”."))

"""How verbs speak: results on stdout, talk on stderr, one sentence for what went wrong."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput, PlaygroundError, UnknownName, clean, plural, printable, shown, whole

if TYPE_CHECKING:
    from tts_playground.core import Round


INTERRUPTED = 130
"""what typer makes of Ctrl-C, as an exit code or as what a verb returns"""


def guarded(verb: Callable[[], Any], as_json: bool) -> int:
    """Run a verb; its exit code. Errors raised on purpose, and wrong options, become one sentence and no traceback.

    A reader of stdout that has gone (``| head``) ends it without a word, a full disk under stdout with a sentence.
    """
    try:
        code = _exit_code(verb, as_json)
        if sys.stdout is not None:  # closed by who started this
            sys.stdout.flush()
        return code
    except OSError as error:
        _silence_stdout()
        if not isinstance(error, BrokenPipeError):
            print(f"The result cannot be written to stdout: {error.strerror or error}.", file=sys.stderr)
        return 1


def _silence_stdout() -> None:
    """What is still to be written goes nowhere, or Python would complain of it once more when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _exit_code(verb: Callable[[], Any], as_json: bool) -> int:
    from typer.exceptions import Abort, Exit, TyperException

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what a terminal cannot show is no reason to stop
    try:
        code = verb()
    except BadInput as error:
        return _fail(str(error), getattr(error, "caret", ""), as_json, 2)
    except PlaygroundError as error:
        return _fail(str(error), "", as_json, 1)
    except TyperException as error:
        return _fail(_sentence(error), "", as_json, 2)
    except Exit as error:
        code = error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:  # of a file that somebody named
        if error.errno == errno.ENOSPC and not error.filename:  # a handle's own; files that are named say which
            raise
        where = f" at '{shown(error.filename)}'" if error.filename else ""
        return _fail(f"A file cannot be read or written{where}: {error.strerror or error}.", "", as_json, 1)
    except (KeyboardInterrupt, Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        return _fail("Stopped.", "", as_json, 1)
    return code if isinstance(code, int) else 0


def _sentence(error: Any) -> str:
    """What was wrong with the words of a command; a command that there is not is answered with those there are."""
    said, context = error.format_message(), getattr(error, "ctx", None)
    known = getattr(context and context.command, "commands", None)
    if not known or not said.startswith("No such command"):
        return said
    return str(UnknownName("command", said.split("'")[1], known))


def _fail(sentence: str, detail: str, as_json: bool, code: int) -> int:
    sentence, detail = clean(sentence), printable(detail)
    print("\n".join(filter(None, [sentence, detail])), file=sys.stderr)
    if as_json:
        print(json.dumps({"error": sentence}))
    return code


def emit(result: dict[str, Any], as_json: bool, talk: Callable[[dict[str, Any]], None]) -> None:
    """Print ``result`` as one JSON object, or let ``talk`` show it to a person, without what would move a terminal."""
    if as_json:
        print(json.dumps(_each_text(result, whole), default=_plain, allow_nan=False))
    else:
        talk(_each_text(result, printable))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same value with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_each_text(key, change): _each_text(one, change) for key, one in value.items()}
    return [_each_text(one, change) for one in value] if type(value) in (list, tuple) else value


def _plain(value: Any) -> Any:
    """Numbers of numpy and the like as plain ones."""
    return value.item() if hasattr(value, "item") else str(value)


def talking(*, to_stderr: bool) -> AbstractContextManager[Any]:
    """Within it, what code below prints goes to stderr when stdout is kept for one JSON object."""
    return redirect_stdout(sys.stderr) if to_stderr else nullcontext()


def warn(sentences: Iterable[str]) -> None:
    """One line each on stderr: the result stands, and says less than it seems to."""
    for sentence in sentences:
        print(clean(sentence), file=sys.stderr)


def say_read(store: Any) -> None:
    """A line on stderr where samples were read from the store, so that no model was asked for them."""
    if not store.read:
        return
    count = plural(sum(store.read.values()), "sample")
    pool = next(iter(store.read))[:12] if len(store.read) == 1 else "KEY"
    said = (
        f"{count} of this result came from the store, where an earlier call with the same settings and seed kept them: "
        f"no model was asked for them. Another --seed draws anew; so does this one after 'pools delete {pool}'."
    )
    warn([said])


def console() -> Any:
    """Rich's console on stderr: progress and talk never mix with a result."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def drawing(what: str, n: int) -> Iterator[Callable[[Round], None]]:
    """A bar on a terminal's stderr that follows the rounds it is told of, and goes when all are drawn."""
    from rich.progress import Progress

    with Progress(console=console(), transient=True, disable=not console().is_terminal) as bar:
        task = bar.add_task(what, total=n)

        def hear(round_: Round) -> None:
            if round_.progress is not None:
                # by share, since the first image of a large model takes minutes
                bar.update(task, completed=max(round_.progress.done, n * min(1.0, round_.progress.share)))

        yield hear


WIDTH_OF_FILES = 160


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table on stdout, for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    sheet = Table(title=Text(printable(title)), title_justify="left")
    for one in columns:
        sheet.add_column(Text(printable(one)))
    for row in rows:
        sheet.add_row(*(Text(printable(one)) for one in row))  # as text: brackets would be markup
    screen = Console()
    if not screen.is_terminal and "COLUMNS" not in os.environ:  # a file or a pipe has no edge to wrap at
        screen.width = WIDTH_OF_FILES
    screen.print(sheet)


def number(value: Any) -> str:
    """A cell of a table: four digits, or a dash where there is nothing."""
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)

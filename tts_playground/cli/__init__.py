"""The command line: ``python -m tts_playground VERB``. Each verb is one small file; nothing heavy is imported for help.

Every verb takes ``--json``: one JSON object on stdout and all talk on stderr. Exit codes: 0 done, 1 could not, 2 bad
input.
"""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and leave with its exit code; without a verb, show help."""
    from tts_playground.cli.app import build
    from tts_playground.cli.output import guarded

    given = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    sys.exit(guarded(lambda: build()(given, standalone_mode=False, prog_name="tts_playground"), "--json" in given))

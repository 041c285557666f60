"""The command line: ``python -m tts_playground VERB``. Each verb is one small file; nothing heavy is imported for help.

Every verb takes ``--json``: one JSON object on stdout and all talk on stderr. Exit codes: 0 done, 1 could not, 2 bad
input.
"""

from __future__ import annotations

import sys
from typing import Any


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and leave with its exit code; without a verb, show help."""
    from tts_playground.cli.output import guarded

    given = (sys.argv[1:] if arguments is None else arguments) or ["--help"]

    def verb() -> Any:
        from tts_playground.cli.app import build  # it reads the registry, and with it the modules of plug-ins

        return build()(given, standalone_mode=False, prog_name="tts_playground")

    sys.exit(guarded(verb, "--json" in given))

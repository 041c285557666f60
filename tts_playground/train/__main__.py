"""``python -m tts_playground.train tiny-janus --minutes 30``: the same function as the ``train`` verb."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tts_playground.errors import exit_code
from tts_playground.train.common.config import TRAINERS, TrainConfig, train


def parser() -> argparse.ArgumentParser:
    """The command line of this module."""
    p = argparse.ArgumentParser(prog="python -m tts_playground.train", description="Train one of the embedded models.")
    p.add_argument("name", help=f"one of: {', '.join(TRAINERS)}")
    p.add_argument("--out", type=Path, help="folder for the checkpoint (default: ./NAME)")
    p.add_argument("--minutes", type=float, default=30.0, help="wall-clock minutes (default: 30)")
    p.add_argument("--steps", type=int, help="steps instead of minutes")
    p.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--resume", action="store_true", help="go on from the saved state")
    p.add_argument("--miniature", action="store_true", help="a toy size, to see the script work")
    p.add_argument("--vq", type=Path, help="tiny-janus: folder of a trained tiny-vq")
    p.add_argument("--init", type=Path, help="checkpoint of the same model to start from")
    p.add_argument("--clip", type=Path, help="tiny-aesthetic: folder of the tiny:clip that it reads")
    p.add_argument("--workers", type=int, help="processes that draw scenes (default: all cores but one)")
    p.add_argument("--tinted", action="store_true", help="tiny-janus, tiny-flow: more scenes of tinted things")
    p.add_argument("--distil", type=Path, help="tiny-janus: folder of the one to distil, for gentler guidance")
    p.add_argument("--teach", action="store_true", help="with --distil: its teacher goes on learning meanwhile")
    p.add_argument("--strength", type=float, default=0.3, help="with --distil: pull of the prompt (default: 0.3)")
    p.add_argument("--floor", type=float, default=0.002, help="with --distil: probability spread over all codes")
    p.add_argument("--math", type=Path, help="tiny-prm: folder of the tiny:math whose solutions it judges")
    p.add_argument("--data-seed", type=int, default=0, help="tiny-prm: which problems and solutions it learns from")
    p.add_argument("--short", type=float, default=0.5, help="tiny-math: part of solutions that join steps")
    p.add_argument("--careful", type=float, default=0.25, help="tiny-math: part that writes every calculation out")
    p.add_argument("--noise", type=float, default=0.03, help="tiny-math: part with a wrong result")
    p.add_argument("--reach", type=int, default=3, help="tiny-math, tiny-prm: calculations that a short solution joins")
    p.add_argument("--lower", type=Path, help="tiny-prm: the tiny:math whose lower layers it starts from")
    p.add_argument("--lr", type=float, help="tiny-math, tiny-prm, tiny-flow: peak learning rate")
    p.add_argument("--from-search", type=Path, help="tiny-math: one that learns from its own solved search trees")
    p.add_argument("--judge", type=Path, help="with --from-search: the tiny-prm that guides")
    p.add_argument("--problems", type=int, default=1000, help="with --from-search: problems to search")
    p.add_argument("--search-tokens", type=int, default=2048, help="with --from-search: tokens for each problem")
    p.add_argument("--preferences", action="store_true", help="with --from-search: learn pairs, too")
    p.add_argument("--run", default="", help="name of the state folder (default: the model's name)")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit code: 0 done, 1 cannot do, 2 bad input."""
    args = vars(parser().parse_args(argv))
    name = args.pop("name")
    args["out"] = args["out"] or Path(name)
    return exit_code(lambda: print(f"Saved in {train(name, TrainConfig(**args))}"))


if __name__ == "__main__":
    sys.exit(main())

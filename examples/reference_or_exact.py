"""Reference or exact: the data sets' renderer paints shape by shape, so a ring painted after a disc erases it."""

import tempfile
from pathlib import Path

from tts_playground.dsl import differs, parse, render

program = parse("(+ (Circle 2 8 8) (- (Circle 6 8 8) (Circle 4 8 8)))")
folder = Path(tempfile.mkdtemp(prefix="reference_or_exact-"))
for mode in ("reference", "exact"):
    picture = render(program, size=128, mode=mode)
    picture.save(folder / f"{mode}.png")
    print(f"{mode:9s} {picture.convert('L').histogram()[0]:5d} black pixels")
print(f"They disagree on {differs(program):.1%} of the canvas, borders aside.")
print("Wrote", *sorted(folder.iterdir()))

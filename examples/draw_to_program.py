"""Draw to program: a picture in, a short program out, and how well its render overlaps the picture."""

import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from tts_playground import sketch

picture = Image.new("RGB", (256, 256), "white")
pen = ImageDraw.Draw(picture)
pen.ellipse((48, 48, 208, 208), fill="black")
pen.rectangle((112, 24, 144, 232), fill="white")
folder = Path(tempfile.mkdtemp(prefix="draw_to_program-"))
picture.save(folder / "drawing.png")

result = sketch(folder / "drawing.png", n=32, seconds=5.0)
print(result.program)
print(f"IoU {result.iou:.3f} after {result.cost.renders:,} candidates, stopped by: {result.stopped}")
result.raster.save(folder / "found.png")
print("Wrote", *sorted(folder.iterdir()))

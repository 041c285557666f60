# ruff: noqa: E501  (lists of odd texts)
"""One input of each kind, made from a random.Random, and what is done with it."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

CASES: dict[str, Any] = {}
WORDS = ["", "a cat", "-1", "NaN", "1e999", "inf", "[", "{", "null", "\x00", "\ud800", "\u202e", "\x1b[31m", "'", '"', "%s",
         "../..", "~", "/dev/zero", "/etc/passwd", "tiny:janus", "prm", "clip", "9" * 5000, "x" * 100_000, "\n\n", "é" * 50,
         "$" + "{a}" * 9, "🎲" * 40, "https://example.org/a", "file:///etc/passwd", "((((((((((", "))))"]  # fmt: skip
PIECES = ["(", ")", "+", "-", "Circle", "Quad", "circle", "0", "8", "15", "16", "-3", "359", "360", "1.5", " ", "\n", ",",
          "(Circle 5 8 8)", "(Quad 8 8 2 14 0)", "(+ ", "(- ", "[", "u", "c(32,32,20)", "\x00", "é", "```", "9" * 400]  # fmt: skip


def kind(name):
    def keep(case):
        CASES[name] = case
        return case

    return keep


def word(chance):
    return chance.choice(WORDS)


def value(chance, depth=0):
    """Any JSON value, and some that are none."""
    simple = [None, True, False, 0, -1, 1, 7, 2**63, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf"), word(chance)]
    if depth < 3 and chance.random() < 0.25:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if depth < 3 and chance.random() < 0.15:
        return {word(chance): value(chance, depth + 1) for _ in range(chance.randrange(4))}
    return chance.choice(simple)


def spoilt(data: bytes, chance) -> bytes:
    """Bytes with a few changed, cut, doubled or filled in."""
    held = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(held) + 1)
        way = chance.randrange(4)
        if way == 0 and held:
            held[place % len(held)] = chance.randrange(256)
        elif way == 1:
            held[place:place] = chance.randbytes(chance.randrange(1, 40))
        elif way == 2:
            del held[place : place + chance.randrange(1, 200)]
        else:
            held[place:place] = held[: chance.randrange(1, 100)]
    return bytes(held)


def saved(file: Path, data: bytes) -> Path:
    file.write_bytes(data)
    return file


@kind("programs")
def programs(chance, folder):
    from tts_playground.dsl.extraction import extract
    from tts_playground.dsl.raster import render
    from tts_playground.dsl.spellings import read_spelled
    from tts_playground.dsl.text import parse

    text = "".join(
        chance.choice(PIECES) + chance.choice(["", " "]) for _ in range(chance.choice((1, 5, 20, 200, 3000)))
    )
    chance.choice((lambda: render(parse(text)), lambda: extract(text), lambda: read_spelled(text)))()


@kind("pictures")
def pictures(chance, folder):
    from PIL import Image

    from tts_playground.images import open_image
    from tts_playground.tasks.drawing import read_drawing

    size = (chance.choice((1, 2, 17, 300)), chance.choice((1, 5, 64, 300)))
    mode = chance.choice(("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"))
    form = chance.choice(("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"))
    stream = io.BytesIO()
    image = Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))
    try:
        image.convert(mode.split(";")[0]).save(stream, form)
    except (OSError, ValueError):
        image.save(stream, "PNG")
    data = spoilt(stream.getvalue(), chance)
    if form == "PNG" and chance.random() < 0.3:  # claims any size
        data = data[:16] + struct.pack(">II", chance.randrange(1 << 31), chance.randrange(1 << 31)) + data[24:]
    given = chance.choice((data, saved(folder / f"a.{form.lower()}", data)))
    chance.choice((open_image, read_drawing))(given)


@kind("settings")
def settings(chance, folder):
    from dataclasses import fields

    from tts_playground.pages.t2i.view_settings import T2iView, coerce_view, to_query
    from tts_playground.samplers.lm_settings import SolutionSettings
    from tts_playground.tasks.sketch import SketchSettings

    made = chance.choice((SolutionSettings, SketchSettings, T2iView))
    names = chance.sample([one.name for one in fields(made) if one.init], 2)
    given = {name: value(chance) for name in names}
    if made is T2iView:
        to_query(coerce_view(given))
    else:
        made(**given)


@kind("prompts")
def prompts(chance, folder):
    from tts_playground.registry import expressions
    from tts_playground.tasks.prompt_files import read_prompts
    from tts_playground.tasks.text_to_image import PromptTask
    from tts_playground.verifiers import english

    text = " ".join(word(chance) for _ in range(chance.randrange(1, 6)))
    end = chance.choice((".txt", ".csv", ".jsonl", ".json"))
    rows = "\n".join(json.dumps({"prompt": value(chance)}) if end[1] == "j" else text for _ in range(3))
    file = saved(folder / f"prompts{end}", spoilt(rows.encode("utf-8", "replace"), chance))
    chance.choice(
        (
            lambda: read_prompts(file),
            lambda: PromptTask(text).key(),
            lambda: expressions.parse(text),
            lambda: expressions.parse_list("+".join(text.split())),
            lambda: english.parse(text, ["cat", "apple"]),
        )
    )()


@kind("recipes")
def recipes(chance, folder):
    from dataclasses import fields

    from tts_playground.experiments.recipes.reading import overrides_of, recipe_of, recipe_of_text, shipped, text_of
    from tts_playground.experiments.recipes.recipe import Recipe

    text = text_of(chance.choice(shipped()))
    names = [one.name for one in fields(Recipe)]
    lines = text.splitlines()
    for _ in range(chance.randrange(4)):
        lines.insert(chance.randrange(len(lines) + 1), f"{chance.choice([*names, word(chance)])}: {word(chance)[:200]}")
    text = spoilt("\n".join(lines).encode("utf-8", "replace"), chance).decode("utf-8", "replace")
    file = folder / "recipe.yaml"
    file.write_text(text)
    words = [f"--{chance.choice(names)}={word(chance)}", word(chance)]
    chance.choice(
        (
            lambda: recipe_of_text(text),
            lambda: recipe_of(str(file)),
            lambda: recipe_of(shipped()[0], overrides_of(words)),
        )
    )()


@kind("data sets")
def data_sets(chance, folder):
    import pyarrow
    import pyarrow.parquet

    from tts_playground import journal
    from tts_playground.experiments.recipes.rows import read_rows
    from tts_playground.store import parquet
    from tts_playground.tasks.problem_sets import problems
    from tts_playground.tasks.vqa_data import questions

    names = ("problem", "answer", "question", "answers", "image", "level", "completions", "scores", "unique_id")
    rows = [{name: value(chance) for name in chance.sample(names, 4)} for _ in range(chance.randrange(1, 5))]
    if chance.random() < 0.4:
        table = pyarrow.table({name: [str(row.get(name)).encode("utf-8", "replace") for row in rows] for name in names})
        stream = io.BytesIO()
        pyarrow.parquet.write_table(table, stream)
        file = saved(folder / "set.parquet", spoilt(stream.getvalue(), chance))
    else:
        lines = "\n".join(map(json.dumps, rows)) if chance.random() < 0.7 else json.dumps(rows)
        file = saved(folder / chance.choice(("set.jsonl", "set.json", "set.csv")), spoilt(lines.encode(), chance))
    chance.choice(
        (
            lambda: list(problems(str(file))),
            lambda: list(questions(str(file))),
            lambda: list(read_rows(file)),
            lambda: parquet.read(file, strict=True),
            lambda: journal.read(file),
        )
    )()


@kind("model folders")
def model_folders(chance, folder):
    from tts_playground.models.hub.locator import ready

    family = chance.choice(("janus", "clip", "vlm", "lm", "prm", "detector"))
    config = {
        name: value(chance)
        for name in ("model_type", "text_config", "vision_config", "hidden_size", "num_hidden_layers", "auto_map")
    } | {"model_type": chance.choice(("janus", "clip", "llava", "llama", "qwen2", "rt_detr", word(chance)[:99]))}
    if chance.random() < 0.5:
        config["hidden_size"], config["num_hidden_layers"] = chance.choice((8, 64, 4096)), chance.choice((1, 2, 99))
    text = json.dumps(config).encode()
    saved(folder / "config.json", text if chance.random() < 0.6 else spoilt(text, chance))
    header = json.dumps({word(chance)[:50]: {"dtype": "F32", "shape": value(chance), "data_offsets": [0, 64]}}).encode()
    weights = struct.pack("<Q", chance.choice((len(header), 2**60, 3))) + header + bytes(64)
    saved(folder / "model.safetensors", weights)
    ready(str(folder), family)

"""Text that nests too deep is refused in a sentence, wherever text comes in, before a parser can fall over it."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tts_playground import journal, jsontext
from tts_playground.auditing import run
from tts_playground.errors import BadInput, ModelUnavailable, StoreError
from tts_playground.evolve import checkpoint, rows
from tts_playground.models import adapters
from tts_playground.models.hub import cards, locator
from tts_playground.tasks.picture_facts import facts_of
from tts_playground.tasks.vqa_data import Skipped, questions

DEEP = 20_000
BOMBS = {"objects": '{"a":' * DEEP + "1" + "}" * DEEP, "lists": '{"a":' + "[" * DEEP + "]" * DEEP + "}"}


PROGRAM = '{"program": "(Circle 3 8 8)"}\n'
LETHAL = {**BOMBS, "no number": "NaN\n" + PROGRAM, "a number": "1\n" + PROGRAM, "text": PROGRAM + '"x"'}


READER = """
import json, os, sys
from pathlib import Path
import datasets  # what every reader imports; nothing is read here, so that no thread of Arrow's is there to be forked
from tts_playground.errors import BadInput
from tts_playground.evolve.rows import read

found = {}
for file in sorted(Path(sys.argv[1]).iterdir()):
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            read(file)
        except BadInput as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    found[file.name] = [os.waitstatus_to_exitcode(os.wait()[1]), said]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    """(exit code, what was said) of a process that reads each of ``LETHAL``, by the file's name."""
    folder = tmp_path_factory.mktemp("lethal")
    for bomb, text in LETHAL.items():
        for ending in (".jsonl", ".json"):
            (folder / f"{bomb}{ending}").write_text(text + "\n")
    done = subprocess.run(
        [sys.executable, "-c", READER, folder], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("ending", [".jsonl", ".json"])
@pytest.mark.parametrize("bomb", LETHAL)
def test_no_data_set_takes_the_process_down(readers, bomb, ending):
    """Arrow's reader died of each of these but the last two."""
    code, said = readers[f"{bomb}{ending}"]
    assert code == 0
    assert said and ("levels deep" in said or bomb not in BOMBS)


@pytest.mark.parametrize("bomb", BOMBS)
def test_lines_of_questions_are_skipped_by_number(tmp_path, bomb):
    file = tmp_path / "questions.jsonl"
    file.write_text(f"{BOMBS[bomb]}\n{{}}\n")
    deep, empty = questions(str(file))
    assert isinstance(deep, Skipped) and "levels deep" in deep.why
    assert isinstance(empty, Skipped) and "no question" in empty.why


@pytest.mark.parametrize("bomb", BOMBS)
def test_logs_and_audits_name_the_line(tmp_path, bomb):
    file = tmp_path / "audit.jsonl"
    for text in (BOMBS[bomb] + "\n{}\n", BOMBS[bomb]):  # also as the last line, which may be torn
        file.write_text(text)
        with pytest.raises(BadInput, match="Line 1 .* levels deep"):
            run.read(file)
    (tmp_path / checkpoint.LINEAGE).write_text(BOMBS[bomb] + "\n")
    with pytest.raises(StoreError, match="damaged"):
        checkpoint.lineage(tmp_path)


def test_headers_of_weights_cards_and_adapters(tmp_path, monkeypatch):
    for text in (BOMBS["objects"], BOMBS["lists"], "[]", '{"a": 1}', '{"a": {}}'):
        data = text.encode()
        (tmp_path / "model.safetensors").write_bytes(len(data).to_bytes(8, "little") + data)
        (tmp_path / "config.json").write_text("{}")
        with pytest.raises(ModelUnavailable, match="no whole safetensors file"):
            locator.find(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 16)  # a header of 2^64 bytes
    with pytest.raises(ModelUnavailable, match="no whole safetensors file"):
        locator.find(str(tmp_path))
    (tmp_path / cards.NUMBERS).write_text(BOMBS["objects"])
    with pytest.raises(BadInput, match="levels deep"):
        cards.known(tmp_path)
    folder = tmp_path / "home" / "adapters" / "deep"
    folder.mkdir(parents=True)
    (folder / adapters.FACTS).write_text(BOMBS["objects"])
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    assert adapters.listed() == []


def test_settings_in_a_picture():
    picture = Image.new("L", (4, 4))
    picture.info["tts_playground"] = BOMBS["lists"]
    with pytest.raises(BadInput, match="damaged"):
        facts_of(picture)


@pytest.mark.parametrize("depth", [20_000, 120])
def test_a_parquet_file_with_a_deep_schema(tmp_path, depth):
    """Arrow refuses what nests in a footer itself; what its metadata say of features is JSON, and is not read."""
    features = json.dumps({"info": {"features": {}}}).replace("{}", '{"a":' * depth + "1" + "}" * depth)
    table = pa.table({"program": ["(+ (Circle 1 1 1) (Circle 1 1 1))"]}).replace_schema_metadata(
        {"huggingface": features}
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    assert rows.texts_of(rows.read(tmp_path / "rows.parquet")) == ["(+ (Circle 1 1 1) (Circle 1 1 1))"]


# ------------------------------------------------------------------------------------------------- the measure itself


def nested(value):
    if isinstance(value, dict):
        return 1 + max(map(nested, value.values()), default=0)
    return 1 + max(map(nested, value), default=0) if isinstance(value, list) else 0


LEAVES = st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\[]{}\n\u00e9')
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"[]{}\\'), inner, max_size=3),
    max_leaves=40,
)


@given(TREES, st.sampled_from([None, 1]))
def test_the_depth_that_is_measured_is_the_depth_that_is_there(value, indent):
    text, depth = json.dumps(value, indent=indent), nested(value)
    for most in {max(0, depth - 1), depth, depth + 1}:
        found = over(text, most)
        assert found == (depth > most)


def over(text, most):
    before, jsontext.DEEPEST = jsontext.DEEPEST, most
    try:
        return jsontext._too_deep(text.encode())
    finally:
        jsontext.DEEPEST = before


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "}",\n"b": ' * 100,  # a closing bracket in a string closes nothing
        '{"a": "\\\\"' + ',"b": [' * 100,  # an escaped backslash escapes no quotation mark
    ],
)
def test_brackets_cannot_be_hidden(text):
    with pytest.raises(BadInput, match="levels deep"):
        jsontext.loads(text, "The note")


@pytest.mark.parametrize("text", ["", "{", "nan", "1" * 5000, b"\xff", '{"a": 1} x'])
def test_what_is_no_json_is_a_sentence(text):
    with pytest.raises(BadInput, match="^The note is no JSON"):
        jsontext.loads(text, "The note")


# ------------------------------------------------------------------------------------------------- logs that grow


def test_a_log_has_one_writer_and_no_torn_line(tmp_path):
    file = tmp_path / "log.jsonl"
    file.write_bytes(b'{"a": 1}\n{"a": 2}\n{"a": ')
    with journal.growing(file) as append:
        append([{"a": 3}])
        with pytest.raises(StoreError, match="another process"), journal.growing(file):
            pass
        append([{"a": 4}])
    assert [row["a"] for row in journal.read(file)] == [1, 2, 3, 4]
    with journal.growing(file, keep=1) as append:
        append([{"a": 5}])
    assert [row["a"] for row in journal.read(file)] == [1, 5]


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_whole_last_line_stays_with_or_without_its_end(tmp_path, end):
    file = tmp_path / "log.jsonl"
    file.write_text('{"a": 1}' + end)
    with journal.growing(file) as append:
        append([{"a": 2}])
    assert [row["a"] for row in journal.read(file)] == [1, 2]

"""A file from a stranger is imported whole, or refused in a sentence that names the row; the store stays whole."""

import io
import json
import struct
import zlib

import hostile
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tts_playground.errors import BadInput, StoreError
from tts_playground.store.store import Store

NAN, INF = float("nan"), float("inf")
COST = '{"samples": %s, "tokens": 1, "verifier_calls": 0, "renders": 0, "seconds": 0}'
DEEP = '{"a":' * 20_000 + "1" + "}" * 20_000


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as opened:
        opened.import_(hostile.OLD / "sketch.parquet")
        yield opened
        (info,) = opened.pools()  # whatever was refused, nothing came in, and nothing is damaged
        assert (info.samples, info.damage) == (4, "")
        assert len(list(opened.blobs.digests())) == 0


def refused(store, tmp_path, name, rows, schema=None):
    file = hostile.write(tmp_path / "hostile.parquet", name, rows, schema)
    with pytest.raises(BadInput) as caught:
        store.import_(file)
    said = str(caught.value)
    assert "\n" not in said and said.endswith("nothing was imported.")
    return said


def bomb() -> bytes:
    """A PNG whose header claims 30,000 x 30,000 pixels."""
    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "PNG")
    head = b"IHDR" + struct.pack(">II", 30_000, 30_000) + file.getvalue()[24:29]
    return file.getvalue()[:12] + head + struct.pack(">I", zlib.crc32(head)) + file.getvalue()[33:]


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "JPEG")
    return file.getvalue()


def score(value, name="clip", revision="1"):
    return {"reward": name, "revision": revision, "value": value}


CHANGES = [
    ("t2i", {"task": "[1]"}, "its task is no JSON object"),
    ("t2i", {"task": "3"}, "its task is no JSON object"),
    ("t2i", {"task": "{"}, "its task is no JSON"),
    ("t2i", {"task": DEEP}, "levels deep"),
    ("t2i", {"sampler": '{"model": ' + "9" * 5000 + "}"}, "its sampler is no JSON"),
    ("t2i", {"sampler": '{"model": NaN}'}, "not finite"),
    ("t2i", {"sampler": "{}"}, "key is not that"),
    ("t2i", {"pool": "0" * 64}, "key is not that"),
    ("t2i", {"pool": None}, "its pool is missing"),
    ("t2i", {"kind": None}, "its kind is missing"),
    ("t2i", {"seed": None}, "its seed is None"),
    ("t2i", {"index": None}, "its index is None"),
    ("t2i", {"index": -1}, "its index is -1"),
    ("t2i", {"codec": "pickle"}, "its codec is 'pickle'"),
    ("t2i", {"codec": "text"}, "must have a text and nothing else"),
    ("t2i", {"codec": "program"}, "must have a text and nothing else"),
    ("t2i", {"image": None}, "must have a picture and nothing else"),
    ("t2i", {"image": {"bytes": None, "path": "/etc/passwd"}}, "must have a picture and nothing else"),
    ("t2i", {"text": "and words"}, "must have a picture and nothing else"),
    ("t2i", {"image": {"bytes": b"no picture", "path": None}}, "its image, cost or info"),
    ("t2i", {"image": {"bytes": b"", "path": None}}, "its image, cost or info"),
    ("t2i", {"image": {"bytes": jpeg(), "path": None}}, "its image, cost or info"),
    ("t2i", {"image": {"bytes": bomb(), "path": None}}, "pixels"),
    ("t2i", {"logprob": NAN}, "its logprob is nan"),
    ("t2i", {"logprob": -INF}, "its logprob is -inf"),
    ("t2i", {"rewards": [score(NAN)]}, "its reward 'clip' is nan"),
    ("t2i", {"rewards": [score(INF)]}, "its reward 'clip' is inf"),
    ("t2i", {"rewards": [score(None)]}, "its reward 'clip' is None"),
    ("t2i", {"rewards": [score(1.0), score(2.0)]}, "stands there twice"),
    ("t2i", {"rewards": [score(1.0, name=None)]}, "the reward of a score is missing"),
    ("t2i", {"rewards": [None]}, "no list"),
    ("t2i", {"rewards": None}, "no list"),
    ("t2i", {"cost": "{}"}, "cannot be read"),
    ("t2i", {"cost": "[]"}, "cannot be read"),
    ("t2i", {"cost": DEEP}, "levels deep"),
    ("t2i", {"cost": COST % "1e999"}, "not a finite"),
    ("t2i", {"cost": COST % '"1"'}, "not a finite"),
    ("t2i", {"cost": COST % "true"}, "not a finite"),
    ("t2i", {"info": "[]"}, "its info is no JSON object"),
    ("t2i", {"info": DEEP}, "levels deep"),
    ("t2i", {"info": None}, "its info is missing"),
    ("vqa", {"text": None}, "must have a text and nothing else"),
    ("vqa", {"image": {"bytes": jpeg(), "path": None}}, "must have a text and nothing else"),
    ("sketch", {"text": "no program"}, "its program, cost or info"),
    ("sketch", {"text": "(" * 100_000}, "its program, cost or info"),
]


@pytest.mark.parametrize("name, change, says", CHANGES, ids=lambda value: str(value)[:40])
def test_a_row_that_makes_no_sense_is_named(store, tmp_path, name, change, says):
    rows = hostile.table(name).to_pylist()
    place = 0 if {"task", "sampler"} & set(change) else 1  # a pool's first row says what the others must agree with
    rows[place] |= change
    said = refused(store, tmp_path, name, rows)
    assert f"Row {place + 1} of" in said and says in said


@pytest.mark.parametrize("change", [{"task": "[1]"}, {"task": '{"prompt": "another"}'}])
def test_a_task_that_has_the_right_key_is_refused_when_the_pool_has_two(store, tmp_path, change):
    rows = hostile.table("t2i").to_pylist()
    rows[2] = rows[2] | change
    assert "Row 3 of" in refused(store, tmp_path, "t2i", rows)


def test_a_list_for_a_task_is_refused_even_with_its_own_key(store, tmp_path):
    """The pool that broke the list of pools: everything about it agrees, but a task must be an object."""
    rows = [hostile.rekeyed(row, task="[1]") for row in hostile.table("vqa").to_pylist()]
    assert "Row 1 of" in refused(store, tmp_path, "vqa", rows)


def test_one_sample_twice_is_refused_and_all_rows_are_counted(store, tmp_path):
    rows = hostile.table("vqa").to_pylist()
    said = refused(store, tmp_path, "vqa", [*rows, *rows[:2]])
    assert "Row 5 of" in said and "sample 0 of seed 0 twice" in said and "1 more row cannot" in said


@pytest.mark.parametrize("column, kind", [("seed", pa.string()), ("index", pa.float64()), ("task", pa.binary())])
def test_columns_of_another_kind_are_named(store, tmp_path, column, kind):
    table = hostile.table("vqa")
    place = table.schema.get_field_index(column)
    changed = table.set_column(place, column, table[column].cast(kind)).replace_schema_metadata(table.schema.metadata)
    pq.write_table(changed, tmp_path / "a.parquet")
    with pytest.raises(StoreError, match=f"its column '{column}' holds"):
        store.import_(tmp_path / "a.parquet")


@pytest.mark.parametrize("column", hostile.table("vqa").schema.names)
def test_missing_and_doubled_columns_are_refused(store, tmp_path, column):
    table = hostile.table("vqa")
    twice = table.append_column(column, table[column])
    for changed in (table.drop_columns([column]), twice):
        pq.write_table(changed, tmp_path / "a.parquet")
        with pytest.raises(StoreError, match="lacks columns"):
            store.import_(tmp_path / "a.parquet")


def test_numbers_beyond_64_bits_cannot_come_in(store, tmp_path):
    table = hostile.table("vqa")
    place = table.schema.get_field_index("index")
    huge = pa.array([2**64 - 1] * len(table), pa.uint64())
    pq.write_table(table.set_column(place, "index", huge), tmp_path / "a.parquet")
    with pytest.raises(StoreError, match="its column 'index' holds uint64"):
        store.import_(tmp_path / "a.parquet")


def test_bytes_that_are_no_unicode_are_refused(store, tmp_path):
    table = hostile.table("vqa")
    place = table.schema.get_field_index("text")
    bad = pa.array([b"\xff\xfe"] * len(table), pa.binary())
    broken = pa.Array.from_buffers(pa.string(), len(bad), bad.buffers())
    pq.write_table(table.set_column(place, "text", broken), tmp_path / "a.parquet")
    with pytest.raises(StoreError, match="damaged"):
        store.import_(tmp_path / "a.parquet")


def test_a_few_bytes_that_claim_many_rows_are_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr("tts_playground.store.parquet.MOST_ROWS", 3)
    with pytest.raises(BadInput, match="4 rows; at most 3"):
        store.import_(hostile.OLD / "vqa.parquet")


def test_infinities_in_an_info_are_its_own_business(tmp_path):
    rows = hostile.table("vqa").to_pylist()
    rows[0]["info"] = json.dumps({"note": NAN})
    with Store(tmp_path) as store:
        (key,) = store.import_(hostile.write(tmp_path / "a.parquet", "vqa", rows))
        assert "note" in store.open(key).samples()[0].info

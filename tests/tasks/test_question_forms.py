"""Question sets in the forms in which they are published, each as a small set made here."""

import base64
import csv
import io
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.tasks.vqa import VqaTask
from tts_playground.tasks.vqa_data import Skipped, questions

COLORS = ("red", "green", "blue", "white", "black")


def png(color="red"):
    file = io.BytesIO()
    Image.new("RGB", (9, 9), color).save(file, "PNG")
    return file.getvalue()


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content, "utf-8")
    return path


def read(path, most=200):
    found = list(questions(str(path), most))
    assert all(isinstance(one, VqaTask) for one in found), found
    return [(one.question, one.answers) for one in found]


def docvqa(folder):
    row = {"questionId": 7, "question": "Who?", "image": "documents/a_1.png", "docId": 3, "answers": ["Ann", "ANN"]}
    put(folder / "spdocvqa_images/documents/a_1.png", png())
    put(folder / "spdocvqa_qas/val_v1.0.json", json.dumps({"dataset_name": "SP-DocVQA", "data": [row]}))
    return [("Who?", ("Ann", "ANN"))]


def infographicvqa(folder):
    row = {"questionId": 7, "question": "How many?", "image_local_name": "10.jpeg", "image_url": "https://a.b/c.jpg"}
    put(folder / "images/10.jpeg", png())
    put(folder / "val.json", json.dumps({"data": [{**row, "ocr_output_file": "10.json", "answers": ["5"]}]}))
    return [("How many?", ("5",))]


def chartqa(folder):
    put(folder / "test/png/4.png", png())
    put(folder / "test/annotations/4.json", '{"type": "bar"}')
    put(folder / "test/tables/4.csv", "a,b\n1,2\n")
    put(folder / "test/test_human.json", json.dumps([{"imgname": "4.png", "query": "Sum?", "label": "3"}]))
    put(folder / "test/test_augmented.json", json.dumps([{"imgname": "4.png", "query": "Max?", "label": "2"}]))
    return [("Max?", ("2",)), ("Sum?", ("3",))]


def llava(folder):
    put(folder / "coco/1.jpg", png())
    talk = [
        {"from": "human", "value": "<image>\nWhat is it?"},
        {"from": "gpt", "value": "A cat."},
        {"from": "human", "value": "Is it red?"},
        {"from": "gpt", "value": "Yes"},
    ]
    put(folder / "llava.json", json.dumps([{"id": "1", "image": "coco/1.jpg", "conversations": talk}]))
    return [("What is it?", ("A cat.",)), ("Is it red?", ("Yes",))]


def messages(folder):
    address = "data:image/png;base64," + base64.b64encode(png()).decode()
    parts = [{"type": "image_url", "image_url": {"url": address}}, {"type": "text", "text": "What?"}]
    said = {"role": "assistant", "content": [{"type": "text", "text": "red"}]}
    put(folder / "b.png", png())
    rows = [
        {"messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": parts}, said]},
        {"messages": [{"role": "user", "content": "<image>Which?"}, said], "images": ["b.png"]},
    ]
    put(folder / "chats.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return [("What?", ("red",)), ("Which?", ("red",))]


def vqav2(folder):
    given = ["net"] * 6 + ["netting"] * 3 + ["mesh"]
    answers = [{"answer": text, "answer_confidence": "yes", "answer_id": i} for i, text in enumerate(given, 1)]
    asked = [{"image_id": 42, "question": "What is behind?", "question_id": 42000}]
    put(folder / "v2_OpenEnded_mscoco_val2014_questions.json", json.dumps({"info": {}, "questions": asked}))
    truth = [{"question_id": 42000, "image_id": 42, "multiple_choice_answer": "net", "answers": answers}]
    put(folder / "v2_mscoco_val2014_annotations.json", json.dumps({"info": {}, "annotations": truth}))
    put(folder / "val2014/COCO_val2014_000000000042.jpg", png())
    return [("What is behind?", ("net", "netting"))]


def mmbench(folder):
    row = {"index": 1, "question": "Which?", "hint": "Look.", "A": "cat", "B": "fish", "C": "", "D": "", "answer": "B"}
    file = io.StringIO()
    writer = csv.DictWriter(file, [*row, "category", "image"], delimiter="\t")
    writer.writeheader()
    writer.writerow({**row, "category": "x", "image": base64.b64encode(png() + b"\0" * 200_000).decode()})
    turned = {"index": 1000001, "A": "fish", "B": "cat", "answer": "A", "image": "1"}  # the picture of row 1
    writer.writerow({**row, "category": "x", **turned})
    put(folder / "MMBench_DEV_EN.tsv", file.getvalue())
    return [
        ("Look.\nWhich?\nA. cat\nB. fish", ("B", "fish")),
        ("Look.\nWhich?\nA. fish\nB. cat", ("A", "fish")),
    ]


def metadata(folder):
    for split in ("test", "train"):
        put(folder / split / "a.png", png())
        put(folder / split / "metadata.csv", f"file_name,question,answer\na.png,{split}?,{split}\n")
    return [("test?", ("test",)), ("train?", ("train",))]


def metadata_lines(folder):
    put(folder / "train/in/a.png", png())
    row = {"file_name": "in/a.png", "question": "What?", "answers": ["x", "y"]}
    put(folder / "train/metadata.jsonl", json.dumps(row))
    return [("What?", ("x", "y"))]


def shards(folder):
    for place in range(12):
        cell = {"bytes": png(), "path": None}
        table = pa.table({"image": [cell] * 2, "question": [f"{place} {i}" for i in "ab"], "answer": ["x", "y"]})
        pq.write_table(table, put(folder / f"data/part-{place}.parquet", b""))
    return [(f"{place} {i}", (said,)) for place in range(12) for i, said in (("a", "x"), ("b", "y"))]


def saved(folder):
    from datasets import Dataset, Features, Value
    from datasets import Image as Pictures

    columns = {"image": [{"bytes": png(), "path": None}] * 5, "question": list("abcde"), "answer": list("vwxyz")}
    features = Features({"image": Pictures(), "question": Value("string"), "answer": Value("string")})
    Dataset.from_dict(columns, features=features).save_to_disk(str(folder), num_shards=3)
    return [(one, (other,)) for one, other in zip("abcde", "vwxyz", strict=True)]


def saved_splits(folder):
    saved(folder / "train")
    saved(folder / "test")
    put(folder / "dataset_dict.json", json.dumps({"splits": ["train", "test"]}))
    return [(one, (other,)) for one, other in zip("abcde", "vwxyz", strict=True)] * 2


def byte_order_mark(folder):
    put(folder / "a.png", png())
    put(folder / "questions.jsonl", '\ufeff{"image": "a.png", "question": "Où?", "answer": "là"}\n')
    return [("Où?", ("là",))]


def latin(folder):
    put(folder / "a.png", png())
    put(folder / "set.csv", "image;question;answer\na.png;Où?;10 €\n".encode("cp1252"))
    return [("Où?", ("10 €",))]


def wide(folder):
    put(folder / "a.png", png())
    put(folder / "set.csv", "image,question,answer\na.png,Où?,là\n".encode("utf-16"))
    return [("Où?", ("là",))]


def options(folder):
    put(folder / "a.png", png())
    rows = [
        {"choices": ["cat", "fish"], "answer": 1},
        {"options": "['cat', 'fish']", "answer": "B"},
        {"options": {"A": "cat", "B": "fish"}, "answer": "fish"},
        {"options": ["A. cat", "B. fish"], "answer": "(B)"},
        {"A": "cat", "B": "fish", "answer": "b"},
    ]
    lines = [json.dumps({"image": "a.png", "question": "Which?", **row}) for row in rows]
    put(folder / "questions.jsonl", "\n".join(lines))
    return [("Which?\nA. cat\nB. fish", ("B", "fish"))] * 5


def cauldron(folder):
    texts = [{"user": "What?", "assistant": "red", "source": "x"}, {"user": "Sure?", "assistant": "yes"}]
    table = pa.table({"images": [[{"bytes": png(), "path": None}]], "texts": [texts]})
    pq.write_table(table, put(folder / "train-00000-of-00001.parquet", b""))
    return [("What?", ("red",)), ("Sure?", ("yes",))]


FORMS = (
    docvqa, infographicvqa, chartqa, llava, messages, vqav2, mmbench, metadata, metadata_lines, shards, saved,
    saved_splits, byte_order_mark, latin, wide, options, cauldron,
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_published_form_is_read(form, tmp_path):
    wanted = form(tmp_path)
    assert read(tmp_path) == wanted
    assert read(tmp_path, 1) == wanted[:1]


def test_a_single_file_of_a_set_is_read_too(tmp_path):
    vqav2(tmp_path)
    assert read(tmp_path / "v2_OpenEnded_mscoco_val2014_questions.json") == [("What is behind?", ("net", "netting"))]


WRONG = [
    ({"image": "../secret.png"}, "does not lie below"),
    ({"image": "/etc/hostname"}, "does not lie below"),
    ({"image": "file:///etc/hostname"}, "does not lie below"),
    ({"image": "link.png"}, "does not lie below"),
    ({"image": "https://example.org/a.png"}, "not fetched"),
    ({"image": "data:image/png;base64,!!!"}, "damaged base64"),
    ({"image": "data:image/png;base64"}, "without data"),
    ({"image": ["a.png", "a.png"]}, "2 pictures"),
    ({"image": "gone.png"}, "no file 'gone.png'"),
    ({"image": {"bytes": None, "path": None}}, "neither bytes nor a path"),
    ({"image": None, "frames": 3}, "no image; its fields are answer, frames, question"),
    ({"question": None, "caption": "x"}, "no question; its fields are answer, caption, image"),
    ({"answer": ""}, "no answer"),
    ({"options": ["a", "b"], "answer": ""}, "no answer"),
    ({"conversations": [{"from": "human", "value": "?"}]}, "no question of a user with a reply"),
    ({"conversations": ["?"]}, "a turn of its conversation"),
]


@pytest.mark.parametrize(("change", "why"), WRONG)
def test_a_row_that_cannot_be_used_says_why(tmp_path, change, why):
    folder = tmp_path / "set"
    put(tmp_path / "secret.png", png())
    put(folder / "a.png", png())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    good = {"image": "a.png", "question": "What?", "answer": "x"}
    put(folder / "questions.jsonl", json.dumps(good) + "\n" + json.dumps({**good, **change}) + "\n" + json.dumps(good))
    first, wrong, last = questions(str(folder))
    assert isinstance(first, VqaTask) and isinstance(last, VqaTask)
    assert isinstance(wrong, Skipped) and wrong.number == 1 and why in wrong.why


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", '{"boxes": [1], "scale": {}}', "its fields are boxes, scale"),
        ("a.json", "[]", "holds no rows"),
        ("a.json", "{", "no JSON"),
        ("a.json", '{"a":' * 20_000 + "1" + "}" * 20_000, "levels deep"),
        ("a.csv", "", "is empty"),
        ("a.jsonl", "", "holds no rows"),
        ("a.arrow", "no arrow", "cannot be read|no Arrow"),
        ("a.txt", "what?", "ends in .txt"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, name, content, why):
    with pytest.raises(BadInput, match=why):
        list(questions(str(put(tmp_path / name, content))))


def test_the_files_of_a_saved_set_lie_in_it(tmp_path):
    put(tmp_path / "dataset_info.json", "{}")
    put(tmp_path / "state.json", json.dumps({"_data_files": [{"filename": "../a.arrow"}]}))
    with pytest.raises(BadInput, match="does not lie in it"):
        list(questions(str(tmp_path)))


def stream(path, table, **options):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema, **options) as writer:
        writer.write_table(table)


def test_an_arrow_file_does_not_unpack_without_end(tmp_path):
    file = tmp_path / "a.arrow"
    stream(file, pa.table({"question": ["a" * 10_000]}), options=pa.ipc.IpcWriteOptions(compression="zstd"))
    with pytest.raises(BadInput, match="compressed"):
        list(questions(str(file)))
    nulls = pa.ListArray.from_arrays(pa.array([0, 1 << 30], pa.int32()), pa.nulls(1 << 30))
    stream(file, pa.table({"question": nulls}))
    assert file.stat().st_size < 2000
    with pytest.raises(BadInput, match="type"):
        list(questions(str(file)))


def test_a_parquet_file_does_not_unpack_without_end(tmp_path):
    file = tmp_path / "a.parquet"
    nulls = pa.ListArray.from_arrays(pa.array([0, 30_000_000], pa.int32()), pa.nulls(30_000_000, pa.int8()))
    pq.write_table(pa.table({"question": nulls}), file)
    with pytest.raises(BadInput, match="values in a column"):
        list(questions(str(file)))


def test_a_parquet_file_whose_footer_is_damaged_is_one_sentence(tmp_path):
    file = tmp_path / "set.parquet"
    pq.write_table(pa.table({"question": ["which?", None], "scores": [b"1", b"2"]}), file)
    data = file.read_bytes()
    name = b"\x25\x02\x18\x06scores"  # of the schema: it may be null, and its name has six letters
    assert data.count(name) == 1
    file.write_bytes(data.replace(name, b"\x25\x00" + name[2:]))  # now it may not, but its statistics say otherwise
    code = (
        "import sys\nfrom tts_playground.tasks.vqa_data import questions\nfrom tts_playground.errors import BadInput\n"
        "try:\n    list(questions(sys.argv[1]))\nexcept BadInput as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]  # the process ended there
    assert done.stdout.startswith(f"{file} cannot be read as parquet: Definition level histogram size mismatch")

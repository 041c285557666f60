"""A recipe on two nodes: the file of one process, byte for byte, and the same costs."""

import json
from dataclasses import replace

import pytest
from small_solver import load

from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.errors import BadInput
from tts_playground.experiments.recipes import clustered
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.run import run


@pytest.fixture
def recipe(tmp_path):
    words = ["what is", "how much is then", "say, please, once more what is", "tell"]
    long = {"problem": "what is " * 400, "answer": "1"}  # longer than the model
    rows = [{"problem": f"{words[n % 4]} {n} and {3 * n}?", "answer": str(n)} for n in range(14)]
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [*rows, long, {"answer": "2"}]))
    data, out = str(tmp_path / "set.jsonl"), str(tmp_path / "out")
    return Recipe("dvts", dataset_name=data, output_dir=out, n=4, beam_width=2, seed=0, system_prompt="add",
                  search_batch_size=4)  # fmt: skip


def test_rows_of_many_workers_are_those_of_one_process(nodes, recipe, tmp_path):
    single = replace(recipe, output_dir=str(tmp_path / "one"))
    made = load(single)
    *_, one = run(single, sampler=made.sampler, reward=made.reward)
    reports = list(clustered.run(recipe, ClusterOptions(workers=2), make=load))
    many = reports[-1]
    assert many.file.read_bytes() == one.file.read_bytes() and len(many.file.read_bytes()) > 2000
    beside = [json.loads(report.file.with_name("dvts_recipe.json").read_text()) for report in (one, many)]
    assert beside[0] == beside[1] and {one.number: one.why for one in many.skipped}[14].startswith("The prompt takes")
    assert replace(many.cost, seconds=0.0) == replace(one.cost, seconds=0.0) and many.cost.tokens == one.tokens > 0
    assert many.done == 14 and sorted(skipped.number for skipped in many.skipped) == [14, 15]
    assert "2 workers" in many.note
    again = list(run(recipe, sampler=made.sampler, reward=made.reward))  # one process goes on where many ended
    assert again[-1].done == 14 and again[-1].tokens == 0
    with pytest.raises(BadInput, match="seed 0 is now 1"):
        list(clustered.run(replace(recipe, seed=1), ClusterOptions(), make=load))

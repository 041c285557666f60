"""Evolution on two nodes: the folder of one process, byte for byte, whoever is killed; and what is made at once."""

import json

import pytest
import stub_pools

from tts_playground.cli import main
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.errors import BadInput
from tts_playground.evolve import checkpoint, clustered
from tts_playground.evolve.evolution import EvolutionPlan, run
from tts_playground.evolve.fitness import Fitness

FILES = (checkpoint.PLAN, checkpoint.LINEAGE, checkpoint.DATA)
WORDS = ["--size=30", "--fitness", "--generated=5", "--at-once=40", "--seed=2", "--json"]


def verb(capsys, folder, *words):
    with pytest.raises(SystemExit) as leaving:
        main(["evolve", str(folder), *words])
    return leaving.value.code, json.loads(capsys.readouterr().out)


def files(folder):
    return [(folder / name).read_bytes() for name in FILES]


def result(folder):
    """What a stop may not change: a lineage that went on has one mark more."""
    return checkpoint.lineage(folder), (folder / checkpoint.PLAN).read_bytes(), (folder / checkpoint.DATA).read_bytes()


def test_the_folder_of_many_workers_is_that_of_one_process(nodes, tmp_path, capsys):
    code, one = verb(capsys, tmp_path / "one", *WORDS)
    again, many = verb(capsys, tmp_path / "many", *WORDS, "--engine=ray", "--workers=2")
    assert code == again == 0 and one | {"folder": ""} == many | {"folder": ""}
    assert files(tmp_path / "one") == files(tmp_path / "many")
    assert {one.name for one in (tmp_path / "many").iterdir()} == set(FILES)  # chunks stand beside it
    code, said = verb(capsys, tmp_path / "many", *WORDS, "--engine=ray")
    assert code == 2 and "--resume" in said["error"]


def test_a_killed_worker_and_a_stop_change_nothing(nodes, tmp_path):
    plan = EvolutionPlan(size=40, seed=1, at_once=30)
    whole = checkpoint.open_folder(tmp_path / "one", plan, resume=False)
    assert next(one.attempts for one in [*whole.generations()]) == 30
    load, folder = stub_pools.MortalMutator(str(tmp_path / "mark")), tmp_path / "many"
    with clustered.evolving(folder, plan, (), "tree", ClusterOptions(), resume=False, load=load) as kept:
        next(kept.generations())
    assert (tmp_path / "mark").exists()  # one has died
    with clustered.evolving(folder, plan, (), "tree", ClusterOptions(workers=1), resume=True, load=load) as kept:
        assert [*kept.generations()][-1].done
    assert result(tmp_path / "one") == result(folder)


def test_parents_of_what_is_made_at_once_were_there_before():
    population = run(EvolutionPlan(size=120, seed=4, at_once=40))
    born = {member.number: member.attempt for member in population.members}
    for member in population.members:
        assert all(
            born[parent] < member.attempt - member.attempt % 40 or born[parent] == -1 for parent in member.parents
        )
    assert any(born[parent] >= 0 for member in population.members for parent in member.parents)
    assert run(EvolutionPlan(size=30, seed=4)).members == run(EvolutionPlan(size=30, seed=4, at_once=1)).members


def test_an_evolution_of_sets_goes_on_where_it_was(tmp_path):
    plan = EvolutionPlan(size=40, seed=3, at_once=12, fitness=Fitness())
    assert plan.report_every == 36
    [*_] = checkpoint.open_folder(tmp_path / "one", plan, resume=False).generations()
    next(checkpoint.open_folder(tmp_path / "two", plan, resume=False).generations())
    [*_] = checkpoint.open_folder(tmp_path / "two", plan, resume=True).generations()
    assert result(tmp_path / "one") == result(tmp_path / "two")


def test_a_plan_of_one_at_a_time_is_written_as_ever(tmp_path):
    checkpoint.open_folder(tmp_path / "one", EvolutionPlan(size=5), resume=False)
    assert "at_once" not in (tmp_path / "one" / checkpoint.PLAN).read_text()
    with pytest.raises(BadInput, match="another plan"):
        checkpoint.open_folder(tmp_path / "one", EvolutionPlan(size=5, at_once=2), resume=True)


@pytest.mark.parametrize("wrong", [0, 10_001])
def test_what_cannot_be_made_at_once(wrong):
    with pytest.raises(BadInput, match="at once"):
        EvolutionPlan(at_once=wrong)

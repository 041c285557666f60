"""Means of checkpoints: of their weights alone, in the first one's precision, and one sentence where that cannot be."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from tts_playground.train.common.average import main


@pytest.fixture
def folder(tmp_path):
    """``folder(name, weights)``: a checkpoint."""

    def folder(name, **weights):
        (tmp_path / name).mkdir()
        save_file({key: torch.tensor(value).bfloat16() for key, value in weights.items()},
                  tmp_path / name / "model.safetensors")  # fmt: skip
        (tmp_path / name / "config.json").write_text(f'{{"of": "{name}"}}')
        (tmp_path / name / "README.md").write_text(name)
        return str(tmp_path / name)

    return folder


def test_weights_are_averaged_and_the_other_files_are_the_first_ones(folder, tmp_path, capsys):
    made = [folder("a", w=[1.0, 2.0], b=[0.0]), folder("b", w=[2.0, 4.0], b=[3.0]), folder("c", w=[6.0, 0.0], b=[0.0])]
    assert main([str(tmp_path / "mean"), *made]) == 0
    weights = load_file(tmp_path / "mean" / "model.safetensors")
    assert {name: one.tolist() for name, one in weights.items()} == {"w": [3.0, 2.0], "b": [1.0]}
    assert weights["w"].dtype == torch.bfloat16
    assert sorted(one.name for one in (tmp_path / "mean").iterdir()) == ["config.json", "model.safetensors"]
    assert (tmp_path / "mean" / "config.json").read_text() == '{"of": "a"}'


@pytest.mark.parametrize(
    ("others", "says"),
    [((), "two folders or more"), (("c",), "other names or shapes"), (("nothing",), "no weights to read in")],
)
def test_what_has_no_average_is_said(folder, tmp_path, capsys, others, says):
    one = folder("a", w=[1.0, 2.0])
    folder("c", w=[1.0])
    assert main([str(tmp_path / "mean"), one, *(str(tmp_path / name) for name in others)]) == 2
    assert says in capsys.readouterr().err and not (tmp_path / "mean").exists()

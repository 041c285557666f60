"""In which precision a model is loaded: what is asked for, what fits into the memory, and 4 bits."""

import json

import pytest
import tiny_checkpoints
from PIL import Image

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.hub import locator
from tts_playground.models.hub.identity import named
from tts_playground.models.load_options import Options, settled

CPU = Options("cpu")


@pytest.fixture
def folder(random_janus_folder):
    loading.forget()
    yield str(random_janus_folder)
    loading.forget()


@pytest.fixture
def memory(monkeypatch, folder):
    """Sets the free memory in bytes a weight of the random Janus."""
    from tts_playground.models.hub import shapes

    weights = shapes.fit(folder, locator.find(folder).folder, "janus")

    def put(bytes_a_weight):
        monkeypatch.setattr(locator, "free_memory", lambda _: bytes_a_weight * locator.OVERHEAD * weights)

    return put


@pytest.mark.parametrize(("room", "dtype"), [(5, "float32"), (3, "bfloat16")])
def test_a_model_that_fits_in_half_only_is_loaded_so(room, dtype, folder, memory):
    memory(room)
    assert loading.check(folder, CPU, "janus") == ""
    assert named(folder, "janus", CPU).fingerprint()["dtype"] == dtype  # which names its pools
    loaded = loading.load(folder, "janus", CPU)
    assert loaded.options.dtype == dtype and str(loaded.value.model.dtype) == f"torch.{dtype}"
    memory(1)  # taken by the model itself
    assert named(folder, "janus", CPU).fingerprint() == loaded.fingerprint()
    assert loading.load(folder, "janus", CPU) is loaded


def test_what_was_asked_for_is_not_changed_and_the_refusal_names_what_fits(folder, memory):
    memory(3)
    with pytest.raises(ModelUnavailable, match=r"--dtype bfloat16.*--load-4bit") as refused:
        loading.load(folder, "janus", Options("cpu", "float32"))
    assert str(refused.value).count(". ") == 0
    memory(0.7)
    with pytest.raises(ModelUnavailable, match=r"choose 4-bit weights \(--load-4bit\), a smaller model"):
        loading.load(folder, "janus", CPU)


@pytest.mark.parametrize(("said", "meant"), [("bf16", "bfloat16"), ("fp32", "float32"), ("fp16", "float16")])
def test_short_names_of_dtypes(said, meant):
    assert Options("cpu", said).resolved().dtype == meant
    assert Options("cpu", said).resolved() == Options("cpu", meant).resolved()


@pytest.mark.parametrize("wrong", [Options("cuda:x"), Options("tpu"), Options("cpu", "int4")])
def test_wrong_ones_are_one_sentence(wrong):
    with pytest.raises(BadInput, match="unknown; use"):
        settled("tiny:janus", "janus", wrong)


def test_a_container_with_a_limit_has_less_than_the_machine(tmp_path):
    for name, text in {"max": "1000", "current": "700", "stat": "anon 5\ninactive_file 100\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert locator._container_room(tmp_path) == 400
    (tmp_path / "memory.max").write_text("max\n")
    assert locator._container_room(tmp_path) == float("inf") == locator._container_room(tmp_path / "nothing")


# ----------------------------------------------------------------------------------------------------------- 4 bits


def packed(model) -> set[str]:
    return {name for name, part in model.named_modules() if type(part).__name__ == "Linear4bit"}


def test_a_janus_in_four_bits_packs_its_language_model_alone_and_draws(folder):
    from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
    from tts_playground.tasks.text_to_image import PromptTask

    loaded = loading.load(folder, "janus", Options("cpu", "bfloat16", four_bit=True))
    assert loaded.fingerprint()["four_bit"]
    names = packed(loaded.value.model)
    assert len(names) == 14 and all(name.startswith("model.language_model.layers.") for name in names)
    (drawn,) = ImageTokens(loaded, ImageSettings()).draw(PromptTask("a red apple"), [0])
    assert drawn.content.size == (32, 32)


def test_what_reaches_transformers(folder, monkeypatch):
    from transformers import JanusForConditionalGeneration

    asked = {}
    monkeypatch.setattr(
        JanusForConditionalGeneration, "from_pretrained", lambda *_, **given: asked.update(given) or 1 / 0
    )
    with pytest.raises((ModelUnavailable, ZeroDivisionError)):
        loading._janus(folder, Options("cpu", "bfloat16", four_bit=True))
    config = asked["quantization_config"]
    assert config.load_in_4bit and str(config.bnb_4bit_compute_dtype) == "torch.bfloat16"
    assert "lm_head" in config.llm_int8_skip_modules
    assert asked["use_safetensors"] and asked["trust_remote_code"] is False and asked["device_map"] == "cpu"


def test_a_reader_keeps_whole_what_has_no_whole_blocks(tmp_path):
    """SigLIP's 4304 inputs are none; here it is whatever is no multiple of 64."""
    folder = tiny_checkpoints.save_vlm(tmp_path, width=96)  # 96 inputs, and 192 = 3 * 64
    loaded = loading.load(str(folder), "vlm", Options("cpu", "float32", four_bit=True))
    names = packed(loaded.value.model)
    assert names and all(name.rpartition(".")[2] in ("down_proj", "fc2", "linear_2") for name in names), names
    assert json.loads((folder / "config.json").read_text())["model_type"] == "llava"
    assert loaded.value.prefix(Image.new("RGB", (32, 32), "red"), "a cat").logits.isfinite().all()

"""The lab's notebook under its own names, from its first cell to its last, on the models that ship."""

import inspect

import numpy as np
import pytest
import torch
from PIL import Image

from tts_playground import lab
from tts_playground.errors import BadInput
from tts_playground.lab import *  # noqa: F403

PROMPTS = ["two red apples left of a cat", "three red balloons and a dog"]
BLANK = Image.new("RGB", (64, 64))
SIGNATURES = {
    "generate_image": "mmgpt vl_chat_processor user_prompt temperature=1 num_images_per_prompt=4 cfg_weight=5 "
    "image_token_num_per_image=576 img_size=384 patch_size=16",
    "ClipReranker": "model_name='openai/clip-vit-base-patch32'",
    "AestheticScorer": "dtype device",
    "generate_samples": "image question n=1",
    "verify_samples": "image question samples",
    "is_correct": "predicted target",
    "resize_longest_side": "img max_side=768",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_names_and_signatures_are_the_notebooks(name):
    """What we add comes last, and has a default."""
    parameters = list(inspect.signature(getattr(lab, name)).parameters.values())
    wanted = SIGNATURES[name].split(" ")
    words = [p.name + ("" if p.default is p.empty else f"={p.default!r}") for p in parameters]
    assert words[: len(wanted)] == wanted
    assert all(p.default is not p.empty for p in parameters[len(wanted) :])


def test_methods_are_the_notebooks():
    assert list(inspect.signature(ClipReranker.score).parameters) == ["self", "prompt_text", "images"]  # noqa: F405
    assert list(inspect.signature(ClipReranker.select_best).parameters) == ["self", "prompt_text", "images"]  # noqa: F405
    assert list(inspect.signature(AestheticScorer.__call__).parameters) == ["self", "images"]  # noqa: F405


def test_a_star_gives_the_data_that_the_notebook_names():
    given: dict = {}
    exec("from tts_playground.lab import *", given)
    assert set(lab.__all__) <= set(given)
    tasks = given["infovqa_tasks"]
    assert len(tasks) == 200 and list(tasks[0]) == ["id", "image", "question", "ground_truth"] and tasks[0]["id"] == 1


@pytest.fixture(scope="module")
def images():
    """Part 1 up to the rewards: prompt -> eight pictures, in batches of four as the notebook draws them."""
    torch.manual_seed(0)
    vl_gpt, vl_chat_processor = load_janus("tiny:janus")  # noqa: F405
    found = {
        prompt: [one for _ in range(2) for one in generate_image(vl_gpt, vl_chat_processor, prompt)]  # noqa: F405
        for prompt in PROMPTS
    }
    assert all(len(some) == 8 and some[0].size == (64, 64) for some in found.values())
    return found


def test_best_of_n_by_two_rewards(images):
    reranker = ClipReranker("tiny:clip")  # noqa: F405
    scores = {prompt: reranker.score(prompt, some) for prompt, some in images.items()}
    for prompt, some in images.items():
        best, score, every = reranker.select_best(prompt, some)
        assert torch.equal(every, scores[prompt]) and score == float(every.max()) == float(every[best])
        inputs = reranker.clip_proc(text=[prompt] * 8, images=some, return_tensors="pt", padding=True)
        with torch.inference_mode():  # as the notebook calculates it
            out = reranker.clip_model(**inputs)
        assert torch.allclose(
            every, torch.nn.functional.cosine_similarity(out.image_embeds, out.text_embeds), atol=1e-5
        )
    curve = best_of_n_curve(scores.values(), [1, 2, 4, 8])  # noqa: F405
    assert curve == sorted(curve) and curve[-1] == pytest.approx(np.mean([float(s.max()) for s in scores.values()]))
    assert curve[0] == pytest.approx(np.mean([float(s.mean()) for s in scores.values()]))
    aesthetic = AestheticScorer(dtype=torch.float32, device="cpu")(images[PROMPTS[0]])  # noqa: F405
    assert aesthetic.shape == (8,) and aesthetic.dtype == torch.float32
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    worst = AestheticScorer(torch.float16, "cpu")([Image.fromarray(noise)])  # noqa: F405
    assert worst.dtype == torch.float16 and float(worst) < float(aesthetic.min())


def test_seeds_are_torchs_own_state_and_a_tiny_temperature_is_greedy():
    pair = load_janus("tiny:janus")  # noqa: F405

    def drawn(state, **more):
        torch.manual_seed(state)
        return [one.tobytes() for one in generate_image(*pair, "a blue cat", num_images_per_prompt=2, **more)]  # noqa: F405

    once = drawn(1)
    assert once == drawn(1, image_token_num_per_image=64, img_size=64, patch_size=8)
    assert once != drawn(2) and drawn(1, seed=7) == drawn(2, seed=7)
    cold = drawn(1, temperature=0.0001)
    assert cold[0] == cold[1] == drawn(2, temperature=0.0001)[0]
    with pytest.raises(BadInput, match="img_size is 256, but this model's is 64"):
        drawn(1, img_size=256)


def test_the_notebooks_own_line_works_without_a_gpu():
    """``g.to(torch.bfloat16)`` changes a model in place: what was laid out before is of another dtype."""
    model, processor = load_janus("tiny:janus")  # noqa: F405
    model = model.to(torch.bfloat16)
    (picture,) = generate_image(model, processor, PROMPTS[0], num_images_per_prompt=1, seed=3)  # noqa: F405
    model = model.to(torch.float32)
    (again,) = generate_image(model, processor, PROMPTS[0], num_images_per_prompt=1, seed=3)  # noqa: F405
    other, words = load_janus("tiny:janus")  # noqa: F405
    assert picture.size == again.size and other is not model and other.dtype == torch.float32
    assert generate_image(other, words, PROMPTS[0], num_images_per_prompt=1, seed=3)[0].size == again.size  # noqa: F405


def test_prompt_engineering():
    """A negative prompt takes pictures away from what it says; words are judged against the wish."""
    pair, wish, unwanted = load_janus("tiny:janus"), "a red balloon", "a blue balloon"  # noqa: F405
    wordings = ["a balloon", ("a balloon", unwanted), "a photo of two dogs"]
    plain, negative, other = compare_wordings(*pair, wish, wordings, n=8)  # noqa: F405
    assert (plain.negative, negative.negative) == ("", unwanted) and len(other.images) == 8
    clip = ClipReranker("tiny:clip")  # noqa: F405
    assert clip.score(unwanted, negative.images).mean() < clip.score(unwanted, plain.images).mean()
    assert other.passed.value == 0 < plain.passed.value and other.reward.value < plain.reward.value
    assert all(row.diversity > 0 for row in (plain, negative, other))
    assert set(plain.as_dict()) == {"prompt", "negative", "reward", "passed", "diversity"}
    beyond = compare_wordings(*pair, "a feeling of joy", ["a red apple"], n=2)[0]  # noqa: F405
    assert beyond.passed is None  # nothing that a detector finds
    with pytest.raises(BadInput, match="at least one wording"):
        compare_wordings(*pair, wish, [])  # noqa: F405


def test_failure_modes_go_with_the_scores_of_the_same_pictures(images):
    clip = ClipReranker("tiny:clip")  # noqa: F405
    found = failure_modes(images, {prompt: clip.score(prompt, some) for prompt, some in images.items()})  # noqa: F405
    assert set(found.asked) == {"number", "colour", "position", "several things"}
    assert found.asked["several things"].n == 16 and found.asked["position"].n == 8
    failing = sum(round(8 * found.asked[name].value) for name in ("position",))
    assert 0 <= failing <= 8 and set(found.gaps) <= set(found.faults) == set(found.examples)


def test_the_vlm_part():
    model, processor = load_vlm("tiny:vlm")  # noqa: F405
    correct, scores = [], []
    for task in load_infovqa(n=4):  # noqa: F405
        torch.manual_seed(task["id"])
        samples = generate_samples(task["image"], task["question"], n=8)  # noqa: F405
        assert len(samples) == 8 and all(isinstance(one, str) for one in samples)
        torch.manual_seed(task["id"])
        again = generate_samples(task["image"], task["question"], 8, model=model, processor=processor)  # noqa: F405
        assert again == samples
        rated = verify_samples(task["image"], task["question"], samples)  # noqa: F405
        assert len(rated) == 8 and all(0 <= one <= 1 for one in rated)
        assert all(rated[i] == pytest.approx(rated[samples.index(one)], abs=1e-5) for i, one in enumerate(samples))
        assert all(0 <= one <= 10 for one in verify_samples(task["image"], task["question"], samples, how="rating"))  # noqa: F405
        correct.append([is_correct(one, task["ground_truth"]) for one in samples])  # noqa: F405
        scores.append(rated)
    oracle, verifier = accuracy_curves(correct, scores, [1, 2, 4, 8])  # noqa: F405
    assert oracle == sorted(oracle) and oracle[-1] == 25 * sum(map(any, correct))
    assert oracle[0] == verifier[0] == pytest.approx(100 * np.mean(correct))
    assert all(0 <= v <= o + 1e-9 for v, o in zip(verifier, oracle, strict=True))


@pytest.mark.parametrize(
    ("predicted", "target", "right"), [("It is 2017.", "1", True), ("Red", "RED", True), ("2", "3", False)]
)
def test_correct_is_as_the_notebook_says(predicted, target, right):
    assert is_correct(predicted, target) is right  # noqa: F405


@pytest.mark.parametrize(
    ("size", "wanted"), [((1536, 100), (768, 50)), ((100, 768), (100, 768)), ((4000, 2), (768, 1))]
)
def test_pictures_are_scaled_down_alone(size, wanted):
    assert resize_longest_side(Image.new("RGB", size)).size == wanted  # noqa: F405


def test_files_and_arrays_are_pictures_as_well(tmp_path):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    red = Image.new("RGB", (64, 64), "red")
    scores = ClipReranker("tiny:clip").score("a red cat", [red, np.asarray(red), tmp_path / "red.png"])  # noqa: F405
    assert scores[0] == scores[1] == scores[2]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: verify_samples(BLANK, "how many?", ["1"], how="stars"), "p_yes or rating"),  # noqa: F405
        (lambda: generate_samples(BLANK, "how many?", model=object()), "a model and its processor"),  # noqa: F405
        (lambda: generate_image(object(), object(), "a cat"), "load_janus"),  # noqa: F405
        (lambda: ClipReranker("tiny:clip").select_best("a cat", []), "no picture"),  # noqa: F405
        (lambda: ClipReranker("tiny:clip").select_best("a cat", BLANK), "images must be a list of pictures"),  # noqa: F405
        (lambda: ClipReranker("tiny:clip").score("a cat", ["no.png"]), "no.png"),  # noqa: F405
        (lambda: ClipReranker("tiny:clip").score(["a cat"], [BLANK]), "prompt_text must be a text"),  # noqa: F405
        (lambda: AestheticScorer(torch.float32, "cpu")("a.png"), "images must be a list of pictures"),  # noqa: F405
        (lambda: generate_image(object(), object(), ["a cat"]), "user_prompt must be a text"),  # noqa: F405
        (lambda: generate_samples(BLANK, "how many?", "4"), "n must be a whole number"),  # noqa: F405
        (lambda: verify_samples(BLANK, "how many?", "wed"), "samples must be a list of texts, not a text"),  # noqa: F405
        (lambda: verify_samples(BLANK, "how many?", ["1", None]), "An answer must be a text, not None"),  # noqa: F405
        (lambda: is_correct("7", ["7", "seven"]), "target must be a text"),  # noqa: F405
        (lambda: resize_longest_side("a.png"), "img must be a PIL image"),  # noqa: F405
        (lambda: best_of_n_curve([0.1, 0.2], [1]), "list of each prompt's scores"),  # noqa: F405
        (lambda: best_of_n_curve([], [1]), "no scores"),  # noqa: F405
        (lambda: accuracy_curves([], [], [1]), "at least one question"),  # noqa: F405
        (lambda: best_of_n_curve([[0.1, 0.2]], 2), "n_values must be a list of numbers"),  # noqa: F405
        (lambda: best_of_n_curve(5, [1]), "scores must be a list"),  # noqa: F405
        (lambda: best_of_n_curve([["a"]], [1]), r"scores\[0\] must be a list of numbers"),  # noqa: F405
        (lambda: accuracy_curves([[1, 0]], [[0.1, 0.2]], 2), "n_values must be a list"),  # noqa: F405
        (lambda: accuracy_curves(5, [[0.1]], [1]), "correct must be a list"),  # noqa: F405
        (lambda: accuracy_curves([1], [[0.1]], [1]), r"correct\[0\] must be a list"),  # noqa: F405
        (lambda: accuracy_curves([[1, 0]], [[0.1]], [1]), "Question 0 has 2 answers and 1 score"),  # noqa: F405
        (lambda: failure_modes({}), "no picture"),  # noqa: F405
        (lambda: failure_modes({"a cat": [BLANK]}, {"a cat": []}), "one score for each"),  # noqa: F405
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(BadInput, match=words):
        call()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"num_images_per_prompt": 0}, "num_images_per_prompt is 0, but it must be 1 to"),
        ({"cfg_weight": 0.5}, "cfg_weight is 0.5, but it must be 1 to 100"),
        ({"temperature": -1}, "temperature is -1"),
    ],
)
def test_a_setting_is_called_what_the_notebook_calls_it(more, words):
    with pytest.raises(BadInput, match=f"^{words}"):
        lab.generate_image(*lab.load_janus("tiny:janus"), "a blue cat", **more)

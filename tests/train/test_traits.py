"""What codes show, and heads whose rows share it."""

import numpy as np
import pytest
import torch
from transformers import JanusForConditionalGeneration

from tts_playground.errors import BadInput
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.janus import tokens, trainer
from tts_playground.train.janus.parts import MINIATURE, build_model
from tts_playground.train.janus.patches import PatchBook
from tts_playground.train.janus.traits import ground_codes, own_rows, share_rows, traits
from tts_playground.worlds.scene import Composition, Group, Scene, Thing, render_batch
from tts_playground.worlds.vocabulary import BACKGROUNDS, TINTS


def piece(noun="cat", color="", background="white"):
    scene = Scene(Composition((Group(noun, color),), "", background), (Thing(noun, color, 4, 4, 24),))
    return render_batch([scene])[0][4:12, 4:12]


@pytest.fixture(scope="module")
def book():
    cut = [piece(noun, color, ground) for noun in ("cat", "car") for color in TINTS for ground in BACKGROUNDS]
    cut += [np.full((8, 8, 3), rgb, np.uint8) for rgb in BACKGROUNDS.values()]
    flat = torch.from_numpy(np.stack(cut)).float().flatten(1) / 127.5 - 1
    return PatchBook(flat, torch.zeros(len(flat), 8))


def test_codes_that_show_alike_have_traits_alike(book):
    table = traits(book.centroids)
    assert table.mean(0).abs().max() < 1e-4 and len(table) == len(book.centroids)
    near = torch.cdist(table, table)
    one, ground = len(TINTS) * len(BACKGROUNDS), len(BACKGROUNDS)
    recolored = near[0, ground].item()  # a red cat and an orange one, both on white
    assert recolored < near[0, one + ground].item()  # than an orange car
    assert near[0, 1].item() < near[0, one + 1 + ground].item()  # another background, or another everything


def test_empty_backgrounds_are_known_by_their_codes(book):
    assert ground_codes(book).tolist() == list(range(len(book.centroids) - len(BACKGROUNDS), len(book.centroids)))


def test_sharing_rows_changes_no_result_and_leaves_a_plain_layer(book):
    torch.manual_seed(0)
    head = torch.nn.Linear(16, len(book.centroids))
    x = torch.randn(3, 16)
    before, names = head(x), set(head.state_dict())
    share_rows(head, traits(book.centroids))
    assert torch.allclose(head(x), before, atol=1e-5)
    head(x)[:, 0].sum().backward()
    grown = head.parametrizations.weight[0].shared.grad
    assert grown is not None and grown.abs().max() > 0
    own_rows(head)
    assert set(head.state_dict()) == names and torch.allclose(head(x), before, atol=1e-5)


def test_a_prompt_that_leaves_the_background_open_wants_all_of_them_alike():
    torch.manual_seed(0)
    model = build_model(MINIATURE, len(tokens.tokenizer())).eval()
    prompts = torch.from_numpy(tokens.prompt_ids(["a cat", "a cat on a black background"])).long()
    grounds, kept = torch.tensor([3, 5]), torch.zeros(1, dtype=torch.bool)

    def losses(first, prompt):
        codes = torch.tensor([[first, *range(63)]]) % 32
        with torch.no_grad():
            return trainer.token_loss(model, prompt[None], codes, kept, grounds), codes

    # the first token is told apart by nothing but what follows it, which is the same once it is fed the same tokens
    source, reading = trainer.layout(prompts[:1], 64)
    for prompt, told in zip(prompts, (False, True), strict=True):
        found, codes = losses(3, prompt)
        with torch.no_grad():
            source, reading = trainer.layout(prompt[None], 64)
            logits = trainer.forward(model, prompt[None], source, reading, codes).log_softmax(-1)[0]
        rest = -logits[torch.arange(1, 64), codes[0, 1:]].sum()
        first = -logits[0, 3] if told else -logits[0, grounds].mean()
        assert found.item() == pytest.approx((rest + first).item() / 64, rel=1e-5)
    open_sprite, codes = losses(7, prompts[0])  # something stands in the corner: that is told by no background
    with torch.no_grad():
        assert open_sprite.item() == pytest.approx(trainer.token_loss(model, prompts[:1], codes, kept).item(), rel=1e-5)


def test_training_goes_on_from_a_checkpoint_of_the_same_shape(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    first = TrainConfig(tmp_path / "first", steps=2, device="cpu", miniature=True, workers=0)
    trainer.train(first)
    start = trainer._start(TrainConfig(tmp_path, init=first.out, miniature=True))
    saved = JanusForConditionalGeneration.from_pretrained(first.out, dtype=torch.float32)
    for name, value in saved.state_dict().items():
        assert torch.equal(start.state_dict()[name], value), name
    with pytest.raises(BadInput, match="another shape"):
        trainer._start(TrainConfig(tmp_path, init=first.out))

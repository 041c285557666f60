"""Names that do not fit together leave with 2 and one sentence that says what does."""

import pytest
from PIL import Image

from tts_playground.cli import main


@pytest.fixture
def refused(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    picture = tmp_path / "picture.png"
    Image.new("RGB", (64, 64), "white").save(picture)

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(picture) if one == "PICTURE" else one for one in arguments])
        out, err = capsys.readouterr()
        assert leaving.value.code == 2 and not out and "Traceback" not in err, err
        return " ".join(err.split())

    return call


@pytest.mark.parametrize(
    ("arguments", "fine"),
    [
        (("generate", "a cat", "--reward", "iou"), "clip"),
        (("generate", "a cat", "--reward", "p_yes"), "aesthetic"),
        (("generate", "a cat", "--reward", "0.5*clip+fit"), "clip"),
        (("score", "PICTURE", "a cat", "--reward", "rating"), "clip"),
        (("score", "PICTURE", "a cat", "--reward", "render"), "geneval"),
        (("sketch", "PICTURE", "--sampler", "vlm"), "proposal"),
        (("sketch", "PICTURE", "--sampler", "image-tokens"), "proposal"),
        (("sketch", "PICTURE", "--sampler", "tiny:sketch", "--strategy", "parm"), "refine"),
        (("sketch", "PICTURE", "--sampler", "tiny:sketch", "--strategy", "suffix"), "best-of-n"),
        (("sketch", "PICTURE", "--sampler", "tiny:sketch", "--strategy", "beam"), "refine"),
        (("compare", "a cat", "--strategies", "refine"), "beam"),
        (("answer", "PICTURE", "what?", "--strategy", "refine"), "beam"),
        (("answer", "PICTURE", "what?", "--strategy", "beam", "--guide", "clip"), "p_yes"),
        (("answer", "PICTURE", "what?", "--strategy", "parm"), "gridar"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else one,
)
def test_what_does_not_fit(refused, arguments, fine):
    assert fine in refused(*arguments)

"""No client makes the server open a file that was not sent to it, however it names the file."""

import gradio as gr
import httpx
import pytest
from PIL import Image

from tts_playground.ui import shell

MARKS = [{}, {"meta": {"_type": "gradio.FileData"}}, {"meta": {}}, {"meta": {"_type": "other"}}, {"meta": None}]


class Opener:
    """A tab with a field for each kind of file; it notes what its handlers are given."""

    slug = label = "opener"

    def __init__(self):
        self.opened = []

    def ready(self):
        return True

    def warm(self):
        pass

    def build(self, app):
        line = gr.Textbox()
        fields = {
            "array": gr.Image(),
            "path": gr.Image(type="filepath"),
            "file": gr.File(),
            "gallery": gr.Gallery(type="filepath"),
            "editor": gr.ImageEditor(),
        }
        for name, field in fields.items():
            button = gr.Button(name)
            button.click(lambda got: str(self.opened.append(got)), field, line, api_name=name, queue=False)


@pytest.fixture(scope="module")
def page():
    """A client of a served page, and what its handlers were given."""
    tab = Opener()
    app = shell.build([tab])
    with httpx.Client(
        base_url=shell.serve(app, block=False, quiet=True, server_name="127.0.0.1"), timeout=30
    ) as client:
        yield client, tab.opened
    app.close()


@pytest.fixture
def secret(tmp_path):
    """A picture on the server's disk that nobody sent."""
    file = tmp_path / "secret.png"
    Image.new("RGB", (3, 3)).save(file)
    return file


@pytest.mark.parametrize("mark", MARKS, ids=str)
@pytest.mark.parametrize("name", ["array", "path", "file", "gallery", "editor"])
def test_a_file_that_was_not_sent_is_not_opened(page, secret, name, mark):
    client, opened = page
    opened.clear()
    file = {"path": str(secret), **mark}
    value = {"gallery": [{"image": file}], "editor": {"background": file, "layers": [], "composite": file}}.get(
        name, file
    )
    reply = client.post(f"gradio_api/run/{name}", json={"data": [value]})
    assert not opened and reply.status_code >= 400 and "secret" not in reply.text.replace(str(secret), "")


@pytest.mark.parametrize("name", ["array", "path"])
def test_a_file_that_was_sent_is(page, secret, name):
    client, opened = page
    opened.clear()
    with secret.open("rb") as stream:
        sent = client.post("gradio_api/upload", files={"files": ("a.png", stream)}).json()[0]
    for mark in MARKS[:2]:
        assert client.post(f"gradio_api/run/{name}", json={"data": [{"path": sent, **mark}]}).status_code == 200
    assert len(opened) == 2

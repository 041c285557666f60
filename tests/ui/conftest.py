"""One server for the room's tests, on a port that is free."""

import pytest


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """The address of a running app."""
    import os

    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    from tts_playground.ui import shell

    app = shell.build()
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


@pytest.fixture(scope="session")
def client(address):
    """A gradio_client on it."""
    from gradio_client import Client

    return Client(address, verbose=False)


# ---------------------------------------------------------------------------------------------------- image tab


@pytest.fixture(scope="module")
def image_model(tmp_path_factory, random_janus_folder):
    """The folder of the default model, with a store of its own; no other checkpoint is here."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TTS_PLAYGROUND_T2I_MODEL", str(random_janus_folder))
    patch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path_factory.mktemp("home")))
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    patch.setattr("tts_playground.models.hub.embedded_models.CHECKPOINTS", tmp_path_factory.mktemp("checkpoints"))
    patch.setattr("tts_playground.home.STARTERS", tmp_path_factory.mktemp("starters"))
    _forget()
    yield str(random_janus_folder)
    patch.undo()
    _forget()


@pytest.fixture(scope="session")
def forget():
    """Call it where another home or another default model begins or ends."""
    return _forget


def _forget():
    """What this process has kept of another home, another default model."""
    from tts_playground.models import loading
    from tts_playground.pages.t2i import image_repository, page_state, view_settings

    for kept in (image_repository.store, image_repository.shipped, page_state.request_queue, view_settings._examples):
        kept.cache_clear()
    loading.forget()


@pytest.fixture
def view(image_model):
    """Four images of a prompt whose words the model knows, by rewards that need no weights."""
    from tts_playground.pages.t2i.view_settings import T2iView

    return T2iView("a red apple", 4, cfg=1.5, model=image_model, reward="sharpness", second="colourfulness")


@pytest.fixture(scope="module")
def image_address(image_model):
    """The address of a running app with the image tab alone."""
    from tts_playground.ui import shell
    from tts_playground.ui.t2i import TAB

    app = shell.build([TAB])
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


@pytest.fixture(scope="module")
def image_client(image_address):
    """A gradio_client on it."""
    from gradio_client import Client

    return Client(image_address, verbose=False)


@pytest.fixture
def held(monkeypatch):
    """A model that stays at a row until this is set; it reports it again and again, and can be cancelled."""
    import threading
    import time

    from tts_playground.samplers.cancellation import never, stop_if
    from tts_playground.samplers.image_tokens import ImageTokens

    released, real = threading.Event(), ImageTokens.stream_paths

    def slowly(self, task, paths, *, cancel=never):
        for report in real(self, task, paths, cancel=cancel):
            yield report
            while report.unfinished and not released.is_set():
                stop_if(cancel)
                time.sleep(0.02)
                yield report

    monkeypatch.setattr(ImageTokens, "stream_paths", slowly)
    yield released
    released.set()

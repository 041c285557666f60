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

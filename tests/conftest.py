"""Fixtures that several rooms share; having this file puts tests/ on the path, for ``tiny_checkpoints``."""

import gc
import os
import ssl
from functools import cache

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two test workers with two threads each would wait for one another
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # where a test asks for two, who waits leaves its core

import pytest

os.fsync = lambda handle: None  # no test cuts the power, which is all that this is for; a disk may take 10 ms each time

# Nothing here speaks TLS, and every client of HTTP reads all certificates when it is made: they share what was read.
ssl.create_default_context = ssl._create_default_https_context = cache(ssl.create_default_context)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collecting imports nearly everything and drops nothing: garbage is not looked for then, nor in all that later.

    Nor often in what has grown old since, which is mostly modules: going through it takes half a second each time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], 500)
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    """Garbage is looked for once more: pytest would do so five times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def random_janus_folder(tmp_path_factory):
    """A folder with a random tiny Janus and its processor."""
    import tiny_checkpoints

    return tiny_checkpoints.save_janus(tmp_path_factory.mktemp("janus"))


@pytest.fixture(scope="session")
def random_janus():
    """A random tiny Janus, ready to draw."""
    import tiny_checkpoints

    from tts_playground.models.janus.model import Janus

    return Janus(tiny_checkpoints.janus(), tiny_checkpoints.janus_processor())


@pytest.fixture(scope="session")
def random_clip_folder(tmp_path_factory):
    """A folder with a random tiny CLIP and its processor."""
    import tiny_checkpoints

    return tiny_checkpoints.save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def random_world(tmp_path_factory):
    """Folders with random miniatures of the sticker world's models, by the names of their folders."""
    import tiny_world

    return tiny_world.save_world(tmp_path_factory.mktemp("world"))

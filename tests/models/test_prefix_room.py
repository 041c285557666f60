"""Prompts and pictures that were read lately are kept within bounds of bytes, each in one copy."""

import pytest
import tiny_checkpoints
import torch

from tts_playground.models import loading, prefix_room
from tts_playground.models.lru_cache import LruCache


def test_the_oldest_go_when_bytes_or_places_run_out_and_the_newest_stays():
    cache = LruCache(3, len, 10)
    for name in ("aaaa", "bbbb", "cc"):
        cache.put(name, name)
    assert [cache.get(name) for name in ("aaaa", "bbbb", "cc")] == ["aaaa", "bbbb", "cc"]
    cache.put("ddd", "ddd")  # four places, and 13 bytes
    assert cache.get("aaaa") is None and cache.get("bbbb") == "bbbb"
    cache.put("e" * 99, "e" * 99)  # more than all the room there is
    assert cache.get("e" * 99) and cache.get("bbbb") is None


def test_a_size_is_asked_for_once_and_a_new_thing_in_an_old_place_counts_alone():
    asked = []

    def size(thing):
        asked.append(thing)
        return len(thing)

    cache = LruCache(100, size, 10)
    for name in ("aaaa", "aaa", "aa"):
        cache.put("a", name)
    cache.put("b", "b" * 8)  # 2 + 8 bytes fit
    assert cache.get("a") == "aa" and cache.get("b") == "b" * 8 and len(asked) == 4
    cache.clear()
    cache.put("c", "c" * 6)
    cache.put("d", "d" * 4)
    assert cache.get("c") and cache.get("d")


def test_shared_storage_counts_once():
    whole = torch.zeros(4, 256)
    assert prefix_room.held([whole, whole[1], whole[2:], None]) == 4096 == prefix_room.held([whole[0]])


@pytest.fixture
def vlm(tmp_path):
    return loading.load(str(tiny_checkpoints.save_vlm(tmp_path / "vlm")), "vlm").value


def test_a_prompt_is_kept_in_one_copy(vlm):
    from PIL import Image

    made = vlm.prefix(Image.new("RGB", (32, 32), "red"), "what is it")
    plain = sum(layer.keys.nbytes + layer.values.nbytes for layer in made.cache.layers)
    lean = 0 if made.lean is None else made.lean.nbytes
    shared = made.lean is not None and made.lean.data_ptr() == made.cache.layers[0].keys.data_ptr()
    assert made.bytes == (plain if shared else plain + lean)


def test_many_prompts_hold_no_more_than_the_room(vlm, monkeypatch):
    from PIL import Image

    picture = Image.new("RGB", (32, 32), "red")
    each = vlm.prefix(picture, "one").bytes
    vlm.forget()
    vlm._prompts.room = 2.5 * each
    for word in ("one", "two", "three", "four"):
        vlm.prefix(picture, word)
    kept = [one for one, _ in vlm._prompts._things.values()]
    assert 1 <= len(kept) <= 2 and sum(one.bytes for one in kept) <= vlm._prompts.room

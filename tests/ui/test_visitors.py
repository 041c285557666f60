"""What a visitor may choose, whatever handler is asked, and what somebody at the machine may: on the real page."""

import json
import re
import uuid

import httpx
import pytest
import tiny_vlms

from tts_playground.errors import BadInput
from tts_playground.models import adapters, loading
from tts_playground.models.hub import embedded_models
from tts_playground.pages import menu
from tts_playground.pages.sketch import learn_state
from tts_playground.pages.sketch import view_settings as sketch_choices
from tts_playground.ui import shell

SECRET, TUNED, BASE = "/secret/folder", "adapter:secret", "/secret/base"
VISITOR = {"X-Real-IP": "10.0.0.7"}
MODELS = ("t2i-model", "vqa-model", "audit-model", "sketch-sampler", "learn-model")


@pytest.fixture(scope="module")
def page(image_model, tmp_path_factory):
    """(address, configuration) of the whole app, with a model of its own in every tab and an adapter of a hub's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TTS_PLAYGROUND_VLM_MODEL", str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm"))))
    patch.delenv(menu.MODELS, raising=False)
    _adapter("secret", BASE)
    app = shell.build()
    address = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    yield address, httpx.get(f"{address}config").json()
    app.close()
    patch.undo()


def _adapter(name, base):
    folder = adapters.root() / name
    folder.mkdir(parents=True)
    (folder / adapters.FACTS).write_text(json.dumps({"base": base}))


@pytest.fixture
def opened(monkeypatch):
    """The names of models that anything looks for on disk, on the hub or in memory."""
    from tts_playground.auditing import responders
    from tts_playground.models.hub import identity, locator
    from tts_playground.samplers import programs

    names = []

    def spy(place, name):
        before = getattr(place, name)

        def spied(*given, **more):
            names.extend(str(one) for one in given)
            return before(*given, **more)

        monkeypatch.setattr(place, name, spied)

    for place, name in ((locator, "find"), (identity, "_local"), (loading, "load"), (loading, "check")):
        spy(place, name)
    spy(responders, "resolve")
    spy(adapters, "find")
    spy(programs.ProgramSampler, "__init__")
    return names


def _asked(page, dependency, model, headers, named=None):
    """What the page would hear of an event, with ``model`` in every component that names one."""
    named = named or _names_a_model
    address, config = page
    parts = {part["id"]: part for part in config["components"]}
    data = [model if named(parts[i]) else parts[i]["props"].get("value") for i in dependency["inputs"]]
    session = uuid.uuid4().hex
    body = {"fn_index": dependency["id"], "data": data, "session_hash": session, "trigger_id": None, "event_data": None}
    with httpx.Client(base_url=f"{address}gradio_api/", headers=headers, timeout=120) as client:
        assert client.post("queue/join", json=body).status_code == 200
        with client.stream("GET", f"queue/data?session_hash={session}") as stream:
            return [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]


def _names_a_model(part):
    props = part["props"]
    return props.get("elem_id") in MODELS or (part["type"] == "textbox" and props.get("label") in ("model", "sampler"))


def _about_models(page):
    parts = {part["id"]: part for part in page[1]["components"]}
    events = page[1]["dependencies"]
    return [e for e in events if e["backend_fn"] and any(_names_a_model(parts[i]) for i in e["inputs"])]


def test_no_handler_opens_what_a_visitor_may_not_choose(page, opened):
    asked = _about_models(page)
    assert len(asked) > 40
    for dependency in asked:
        for name in (SECRET, TUNED):
            said = _asked(page, dependency, name, VISITOR)
            assert not {SECRET, TUNED, BASE} & set(opened), (dependency["id"], dependency["api_name"], name)
            assert "Traceback" not in str(said) and BASE not in str(said)


REWARDS = ("t2i-reward", "t2i-second", "t2i-judge")


def _names_a_reward(part):
    return part["props"].get("elem_id") in REWARDS or part["props"].get("label") == "reward"


def test_no_handler_reads_a_reward_that_a_visitor_may_not_choose(page, monkeypatch):
    from tts_playground.rewards import clip, network

    read = []
    for module, name in ((network, "where"), (network, "revision_of"), (clip, "prompt_cosines")):
        monkeypatch.setattr(module, name, lambda *given, **more: read.append(given) or "")
    parts = {part["id"]: part for part in page[1]["components"]}
    events = [
        e for e in page[1]["dependencies"] if e["backend_fn"] and any(_names_a_reward(parts[i]) for i in e["inputs"])
    ]
    assert len(events) > 15
    refused = 0
    for dependency in events:
        said = str(_asked(page, dependency, f"sharpness+0.5*clip:{SECRET}", VISITOR, _names_a_reward))
        refused += "Visitors of this server choose from" in said
        assert not read and "Traceback" not in said, dependency["api_name"]
    assert refused > 10


def test_a_refusal_says_what_is_offered_and_who_is_local_is_not_refused(page):
    (generate,) = (one for one in page[1]["dependencies"] if one["api_name"] == "generate")
    refused, tried = (str(_asked(page, generate, SECRET, headers)) for headers in (VISITOR, {}))
    assert "Visitors of this server choose from" in refused and "tiny:janus" in refused
    assert "Visitors" not in tried and "The prompt is empty" in tried  # what is wrong comes after


def test_links_of_visitors_bring_no_other_models(page, opened):
    address = page[0]
    events = page[1]["dependencies"]
    arrivals = [one for one in events if re.fullmatch(r"arrive(_\d+)?", str(one["api_name"]))]
    assert len(arrivals) == 4
    for tab in ("t2i", "vqa", "audit", "sketch"):
        said = ""
        for dependency in arrivals:
            with httpx.Client(headers=VISITOR, timeout=60) as client:
                session, query = uuid.uuid4().hex, f"?tab={tab}&model={SECRET}&sampler={TUNED}"
                inputs = [None] * len(dependency["inputs"])
                body = {"fn_index": dependency["id"], "data": inputs, "session_hash": session}
                client.post(f"{address}gradio_api/queue/join{query}", json=body)
                said += client.get(f"{address}gradio_api/queue/data?session_hash={session}").text
        assert "Visitors of this server choose from" in said, tab
    assert not {SECRET, TUNED, BASE} & set(opened)


def _menu(page, elem_id, headers):
    """The choices of a menu once the page has loaded."""
    (part,) = (part for part in page[1]["components"] if part["props"].get("elem_id") == elem_id)
    shown = [value for _, value in part["props"]["choices"]]
    for dependency in page[1]["dependencies"]:
        if part["id"] in dependency["outputs"] and "load" in [name for _, name in dependency["targets"]]:
            for message in _asked(page, {**dependency, "inputs": dependency["inputs"]}, None, headers):
                for value in (message.get("output") or {}).get("data") or []:
                    at = message["output"]["data"].index(value)
                    if isinstance(value, dict) and "choices" in value and dependency["outputs"][at] == part["id"]:
                        shown = [name for _, name in value["choices"]]
    return shown


LARGE = {
    "t2i-model": "deepseek-community/Janus-Pro-1B",
    "vqa-model": "Qwen/Qwen2-VL-2B-Instruct",
    "audit-model": "llava-hf/llava-1.5-7b-hf",
    "sketch-sampler": TUNED,
    "vqa-set": "infovqa",
}


@pytest.mark.parametrize("elem_id", LARGE)
def test_a_page_shows_a_visitor_only_what_he_may_choose(page, elem_id):
    assert LARGE[elem_id] not in _menu(page, elem_id, VISITOR)
    assert LARGE[elem_id] in _menu(page, elem_id, {})


def test_what_the_operator_permits(monkeypatch, tmp_path):
    monkeypatch.setenv(menu.MODELS, " some/model, /a/folder ,,adapter:*")
    assert menu.permitted() == ("some/model", "/a/folder", "adapter:*")
    for name in ("some/model", "/a/folder", "small"):
        assert menu.granted(name, False, ["small"]) == name
    for name in ("/a/folder/", "/a", "other/model", ""):
        with pytest.raises(BadInput, match="choose from small, some/model, /a/folder;"):
            menu.granted(name, False, ["small"])
    assert menu.granted("anything", True, ()) == "anything"
    menu.may_train(False)
    monkeypatch.delenv(menu.MODELS)
    menu.may_train(True)
    with pytest.raises(BadInput, match=r"cannot train adapters.*adapter:\*"):
        menu.may_train(False)


def test_menus_follow_the_operators_list(monkeypatch):
    from tts_playground.pages.audit.view_settings import models
    from tts_playground.pages.t2i.view_settings import MENU
    from tts_playground.pages.vqa.view_settings import sets

    hub, llava = MENU.hub, LARGE["audit-model"]
    monkeypatch.setenv(menu.MODELS, f"{hub[0]},{llava},infovqa")
    assert hub[0] in MENU.names() and hub[1] not in MENU.names() and hub[1] in MENU.names(local=True)
    assert MENU.allowed(hub[0], False) == hub[0]
    assert llava in [name for _, name in models()] and "infovqa" in sets()


def test_a_default_that_the_operator_named_is_everybodys(monkeypatch):
    from tts_playground.pages.t2i.view_settings import MENU

    monkeypatch.delenv(menu.MODELS, raising=False)
    monkeypatch.setenv("TTS_PLAYGROUND_T2I_MODEL", "some/model")
    assert MENU.allowed("some/model", False) == "some/model" and MENU.allowed("tiny:janus", False) == "tiny:janus"
    monkeypatch.setenv("TTS_PLAYGROUND_T2I_MODEL", "another/model")
    with pytest.raises(BadInput):
        MENU.allowed("some/model", False)


def test_adapters_are_open_to_visitors_as_their_bases_are(monkeypatch, tmp_path):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    _adapter("small", "tiny:sketch")
    _adapter("large", "some/model")
    assert sketch_choices.writers(local=True) == ["adapter:large", "adapter:small"]
    assert sketch_choices.writers(local=False) == ["adapter:small"]
    assert sketch_choices.allowed("adapter:small+grammar", False) and sketch_choices.allowed("proposal", False)
    with pytest.raises(BadInput, match="choose from"):
        sketch_choices.allowed("adapter:large", False)
    for listed in ("some/model", "adapter:large"):
        monkeypatch.setenv(menu.MODELS, listed)
        assert sketch_choices.writers(local=False) == ["adapter:large", "adapter:small"]


def test_a_visitor_trains_nothing(page, monkeypatch):
    parts = {part["props"].get("elem_id"): part["id"] for part in page[1]["components"]}
    (tune,) = (d for d in page[1]["dependencies"] if d["targets"] == [[parts["learn-tune"], "click"]])
    assert "Visitors of this server cannot train adapters" in str(_asked(page, tune, "tiny:sketch", VISITOR))
    assert "Make a data set first" in str(_asked(page, tune, "tiny:sketch", {}))
    monkeypatch.setenv(menu.MODELS, menu.TRAINING)
    assert "Make a data set first" in str(_asked(page, tune, "tiny:sketch", VISITOR))


def test_a_full_shelf_of_adapters_is_said_before_anything_is_trained(monkeypatch, tmp_path):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr(learn_state, "MOST", 2)
    made = learn_state.DataSet("evolved", ("(Circle 3 8 8)",), "", True)
    for name in ("first", "second"):
        learn_state.room()
        _adapter(name, "tiny:sketch")
    with pytest.raises(BadInput, match="keeps 2 adapters.*the oldest is 'first'"):
        next(learn_state.tune("tiny:sketch", "third", made))
    assert {one.name for one in adapters.listed()} == {"first", "second"}

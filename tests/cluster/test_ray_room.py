"""Ray as it is started here: on loopback, without secrets; never by the app; one sentence where it is not installed."""

import ast
import builtins
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tts_playground.cluster.ray_room import ClusterOptions, ray_for, secrets_in
from tts_playground.errors import BadInput, ModelUnavailable

PACKAGE = Path(__file__).parents[2] / "tts_playground"
STARTED = """
import json, os, psutil
from tts_playground.cluster.ray_room import ClusterOptions, ray_for
with ray_for(ClusterOptions(workers=1)) as ray:
    environment = ray.get(ray.remote(lambda: dict(os.environ)).remote())
    ports = [(process.name(), one.laddr.ip) for process in psutil.Process().children(recursive=True)
             for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
print(json.dumps({"environment": environment, "ports": ports, "token": os.environ["HF_TOKEN"],
                  "left": [process.name() for process in psutil.Process().children(recursive=True)
                           if process.status() != psutil.STATUS_ZOMBIE]}))
"""


def test_what_is_started_listens_on_loopback_and_knows_no_secrets(tmp_path):
    own = {"HF_TOKEN": "hf_hush", "OPENAI_API_KEY": "sk-hush", "TTS_PLAYGROUND_GATEWAY_KEY": "hush"}
    own |= {
        "DATABASE_URL": "postgres://me:hush@db/x",
        "AWS_SECRET_ACCESS_KEY": "hush",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(PACKAGE.parent),
    }
    done = subprocess.run([sys.executable, "-c", STARTED], env=os.environ | own, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert not any("hush" in value for value in found["environment"].values()) and found["token"] == "hf_hush"
    assert found["ports"] and {address.removeprefix("::ffff:") for _, address in found["ports"]} == {"127.0.0.1"}
    assert not any("dashboard.py" in name for name, _ in found["ports"]) and not (tmp_path / ".ray").exists()


DYING = """
import os, signal, time
from tts_playground.cluster.ray_room import ClusterOptions, ray_for

class Dies:
    def die(self):
        os.kill(os.getpid(), signal.SIGKILL)

with ray_for(ClusterOptions(workers=1)) as ray:
    try:
        ray.get(ray.remote(Dies).remote().die.remote())
    except ray.exceptions.RayActorError:
        time.sleep(3)  # what Ray says of it comes late
        print("the result")
"""


def test_what_ray_says_of_a_death_is_no_part_of_the_result():
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    own |= {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", DYING], env=own, capture_output=True, text=True, timeout=300)
    assert done.stdout == "the result\n", done.stderr


def test_names_of_secrets():
    named = ["HF_TOKEN", "OPENAI_API_KEY", "x_password", "AWS_SECRET_ACCESS_KEY", "PATH", "RAY_AUTH_TOKEN", "HOME"]
    assert secrets_in(dict.fromkeys(named, "")) == named[:4]
    named = ["BASIC_AUTH", "GITHUB_PAT", "DB_PWD", "PWD", "OLDPWD", "PATH"]
    assert secrets_in(dict.fromkeys(named, "")) == named[:3]


def test_addresses_with_a_password_are_secrets():
    held = {"DATABASE_URL": "postgres://me:hush@db/x", "https_proxy": "http://me:hush@proxy:3128", "PIP_INDEX_URL": "a"}
    held |= {"UV_INDEX": "first=https://:hush@mirror/simple", "no_proxy": "http://a:80/b@c", "HOME": "/home/me"}
    assert secrets_in(held) == ["DATABASE_URL", "https_proxy", "UV_INDEX"]


def test_without_ray_one_sentence_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    with pytest.raises(ModelUnavailable, match=r"pip install -r requirements-cluster.txt"), ray_for(ClusterOptions()):
        pass


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"gpus_per_worker": 1.5}, {"gpus_per_worker": -1.0}, {"address": "a b"}, {"address": ""}]
)
def test_what_no_cluster_can_be(wrong):
    with pytest.raises(BadInput):
        ClusterOptions(**wrong)


JOINED = """
import sys
from tts_playground.cluster import ray_room
from tts_playground.errors import CannotDo
ray_room.ANSWERED = 3.0
try:
    with ray_room.ray_for(ray_room.ClusterOptions(address=sys.argv[1])) as ray:
        print(sum(one["Alive"] for one in ray.nodes()), "nodes")
except CannotDo as error:
    print(error)
"""


@pytest.mark.parametrize("there", ["nothing", "something else", "a stale name", "nobody"])
def test_a_cluster_that_does_not_answer_is_one_sentence_and_soon(there, tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    own |= {"PYTHONPATH": str(PACKAGE.parent), "RAY_TMPDIR": str(tmp_path)}
    with socket.create_server(("", 0)) as other:  # takes connections and never says a word
        port = other.getsockname()[1]
        if there != "something else":
            other.close()
        address = {"a stale name": "auto", "nobody": "no-such-machine.invalid"}.get(there, f"127.0.0.1:{port}")
        own |= {"RAY_ADDRESS": f"127.0.0.1:{port}"} if there == "a stale name" else {}
        words = [sys.executable, "-c", JOINED, address]
        done = subprocess.run(words, env=own, capture_output=True, text=True, timeout=120)
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"Ray cannot be joined at {address}: ") and line.endswith(".")
    says = "is no cluster of Ray." if there == "something else" else "nothing answers at "
    assert says in line and "Failed to connect" not in done.stderr


def test_a_cluster_is_joined_by_its_address_and_with_another_token_refuses_in_one_sentence(nodes):
    words = [sys.executable, "-c", JOINED.replace("= 3.0", "= 60.0"), nodes.address]
    for token, says in (({}, "2 nodes"), ({"RAY_AUTH_TOKEN": "ab" * 32}, f"Ray cannot be joined at {nodes.address}: ")):
        own = os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | token
        done = subprocess.run(words, env=own, capture_output=True, text=True, timeout=300)
        (line,) = done.stdout.splitlines()
        assert line.startswith(says) and ("RAY_AUTH_TOKEN" in line) == bool(token)


RUNS = ("auditing.clustered", "evolve.clustered", "experiments.clustered_images", "experiments.clustered_questions",
        "experiments.recipes.clustered")  # fmt: skip
"""what the verbs with --engine run, and nothing of a page, an endpoint or the gateway"""


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_its_room_imports_ray_and_nothing_of_the_app_reaches_it():
    found = (path.relative_to(PACKAGE.parent).with_suffix("").parts for path in PACKAGE.rglob("clustered*.py"))
    runs = [*map(".".join, found)]
    assert {f"tts_playground.{name}" for name in RUNS} <= {*runs}
    room = ("tts_playground.cluster.engine", "tts_playground.cluster.ray_room", *runs)
    for path in PACKAGE.rglob("*.py"):
        if not re.search(r"\bray\b|cluster", path.read_text()):
            continue
        own, names = path.relative_to(PACKAGE).parts[0], set(imports(path))
        assert own in ("cluster", "bench") or not any(name.split(".")[0] == "ray" for name in names), path
        reaches = any(name.startswith(room) for name in names)
        assert not reaches or own in ("cluster", "bench", "cli") or path.stem.startswith("clustered"), path

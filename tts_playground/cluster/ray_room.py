"""Ray, started or joined: on loopback and for this machine alone, unless an address is given.

Only a private network is fit for a cluster of Ray: whoever reaches its ports may run anything there. What is started
here listens on 127.0.0.1, without the dashboard; its processes get no key or token of the environment, and no
``runtime_env`` is ever sent. Nothing of the app, its endpoints or its gateway imports this.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tts_playground.errors import BadInput, CannotDo, ModelUnavailable, shown
from tts_playground.home import PACKAGE
from tts_playground.typed import typed

OBJECTS = 100 << 20
"""bytes of the object store that is started: rows never go through it"""
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""0 has Ray take 127.0.0.1 as its node's address; without, it resolves even that to the machine's own"""
REACHED, ANSWERED = 5.0, 60.0
"""seconds in which the machine of a cluster must take a connection, and Ray must answer there"""
_ASK = "import sys; from ray._raylet import GcsClient; GcsClient(address=sys.argv[1])"
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|_PWD$|_PAT$", re.IGNORECASE)
_SIGNED = re.compile(r"://[^/@\s]*:[^/@\s]+@")
"""an address with a password in it, as of a database, a mirror of packages or a proxy"""


@dataclass(frozen=True)
@typed
class ClusterOptions:
    """Where a job runs and on how much.

    Raises:
        BadInput: a number is out of its range, or the address is none.
    """

    address: str | None = None
    """None starts Ray on this machine for this run; "auto", HOST or HOST:PORT joins a cluster that is there"""
    workers: int | None = None
    """None is as many as there are GPUs, or parts of them, else CPUs"""
    gpus_per_worker: float | None = None
    """whole ones, or a part of one below 1; None is 1 where there are GPUs"""
    cpus_per_worker: float = 1.0
    chunks: str | None = None
    """where workers write: a folder that all machines share, or an address that ``fsspec`` writes; None is beside the
    result, which fits this machine alone"""

    def __post_init__(self) -> None:
        gpus = self.gpus_per_worker
        if self.workers is not None and not 1 <= self.workers <= 10_000:
            raise BadInput(f"There are 1 to 10,000 workers, not {self.workers}.")
        if gpus is not None and not (0 <= gpus < 1 or (gpus >= 1 and gpus == int(gpus))):
            raise BadInput(f"A worker takes a part of a GPU, such as 0.5, or whole ones, not {gpus:g}.")
        if not 0 < self.cpus_per_worker <= 1024:
            raise BadInput(f"A worker takes more than 0 CPUs, not {self.cpus_per_worker:g}.")
        if self.address is not None and not re.fullmatch(r"auto|[\w.\-:\[\]]{1,255}", self.address):
            raise BadInput(f"The address of a cluster is auto, HOST or HOST:PORT, not {shown(self.address)!r}.")


@contextmanager
def ray_for(options: ClusterOptions) -> Iterator[Any]:
    """The module ``ray``, connected; what was started for this is ended.

    Raises:
        ModelUnavailable: Ray is not installed. CannotDo: it cannot be started, or the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ModelUnavailable(
            "Ray is not installed here; run 'python -m pip install -r requirements-cluster.txt', or leave out --engine "
            "ray, which does the same in one process."
        ) from error
    if ray.is_initialized():
        yield ray
        return
    from ray._private import worker

    try:
        if options.address is None:
            _start(ray, options)
        else:
            ray.init(address=_answering(options.address), **_QUIET)
        worker._worker_logs_enabled = False  # what Ray says of deaths goes to stdout, which is for results
    except (ConnectionError, ValueError, RuntimeError, OSError, TimeoutError) as error:
        where = "be started here" if options.address is None else f"be joined at {shown(options.address)}"
        raise CannotDo(f"Ray cannot {where}: {shown(error, 300).removesuffix('.')}.") from error
    try:
        yield ray
    finally:
        ray.shutdown()
        worker._worker_logs_enabled = True
        for name in _own:
            os.environ.pop(name, None)
        _own.clear()


_TOKEN = secrets.token_hex(32)
"""of the clusters that this process starts; Ray would keep one in the user's home"""
_own: list[str] = []
"""what was added to the environment as long as Ray runs"""
_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}


def _answering(address: str) -> str:
    """HOST:PORT of a cluster that answers. Ray itself tries to join one that does not for a quarter of an hour.

    Raises:
        ConnectionError, OSError, ValueError: there is none, something else answers there, or it refuses.
    """
    from ray._private import services

    named = address if address == "auto" or ":" in address else f"{address}:6379"
    place = services.canonicalize_bootstrap_address_or_die(named)
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACHED).close()
    except OSError as error:
        raise OSError(f"nothing answers at {place} ({error.strerror or error})") from error
    try:  # in a process of its own: nothing else ends what waits in Ray's C++
        done = subprocess.run([sys.executable, "-c", _ASK, place], capture_output=True, text=True, timeout=ANSWERED)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"what answers at {place} is no cluster of Ray") from error
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        token = any("token" in line.lower() for line in said[-3:])
        why = "it wants another token; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" if token else "".join(said[-1:])
        raise OSError(f"{place} refuses: {why}")
    return place


def _start(ray: Any, options: ClusterOptions) -> None:
    """Ray on this machine, on loopback, by an environment that holds no secrets."""
    from ray._private import ray_constants

    cpus = options.workers if options.workers and options.cpus_per_worker == 1 else None
    auth = {} if "RAY_AUTH_MODE" in os.environ else {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _TOKEN}
    before, by_default = dict(os.environ), ray_constants.ENABLE_RAY_CLUSTER
    try:
        for name in secrets_in(before):
            del os.environ[name]
        os.environ.pop("RAY_ADDRESS", None)  # who wants that one says so
        os.environ.pop("RAY_RUNTIME_ENV", None)
        os.environ |= auth
        os.environ[_LOOPBACK] = "0"
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PACKAGE.parent), before.get("PYTHONPATH", "")]))
        ray_constants.ENABLE_RAY_CLUSTER = False
        import_module("ray._raylet").Config.initialize("")  # what was read when ray was imported is read again
        how: dict[str, Any] = {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": OBJECTS, **_QUIET}
        ray.init(address="local", _node_ip_address="127.0.0.1", **how)
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = by_default
        os.environ.clear()
        os.environ.update(before)
        for name, value in auth.items():
            os.environ[name] = value
            _own.append(name)


def secrets_in(environment: Mapping[str, str]) -> list[str]:
    """The names in an environment that hold what no worker needs to know."""
    found = (name for name, value in environment.items() if _SECRET.search(name) or _SIGNED.search(value))
    return [name for name in found if not name.startswith("RAY_")]


def places_for(ray: Any, options: ClusterOptions) -> tuple[int, float]:
    """(workers, GPUs of each) that the cluster has room for.

    Raises:
        CannotDo: it has none.
    """
    there = ray.cluster_resources()
    gpus = options.gpus_per_worker
    if gpus is None:
        gpus = 1.0 if there.get("GPU", 0) >= 1 else 0.0
    room = int(there.get("CPU", 0) / options.cpus_per_worker)
    if gpus:
        each = int(1 / gpus) if gpus < 1 else 1
        room = min(room, int(there.get("GPU", 0)) * each if gpus < 1 else int(there.get("GPU", 0) / gpus))
    if room < 1:
        has = f"{there.get('CPU', 0):g} CPUs and {there.get('GPU', 0):g} GPUs"
        raise CannotDo(f"The cluster has {has}: no room for a worker of {options.cpus_per_worker:g} and {gpus:g}.")
    return min(room, options.workers or room), gpus

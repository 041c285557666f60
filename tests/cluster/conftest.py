"""Two nodes of Ray on this machine, one CPU each, on loopback; always shut down."""

import os

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # before ray is imported: 127.0.0.1 is this node's address
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from pathlib import Path

import pytest
from ray_nodes import NODE


@pytest.fixture(scope="session")
def nodes():
    """The cluster; workers find the helpers of the tests."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    before = os.environ.get("PYTHONPATH", "")
    here = Path(__file__).parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(here), str(here.parent), before]))
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        cluster.add_node(**NODE)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
        yield cluster
    finally:
        os.environ["PYTHONPATH"] = before
        ray.shutdown()
        cluster.shutdown()

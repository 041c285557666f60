"""Two nodes of Ray on this machine, one CPU each, on loopback; always shut down."""

import os
from pathlib import Path

import pytest
from ray_nodes import NODE

TESTS = Path(__file__).parents[1]
SETTINGS = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # 127.0.0.1 is this node's address
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",  # one of this run: Ray would keep one in the user's home
    "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),  # workers find the helpers of the tests
}


def pytest_collection_modifyitems(items):
    """Workers load models before the first row, which takes minutes on a busy machine."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def nodes():
    """The cluster, joined."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setenv("RAY_AUTH_TOKEN", os.urandom(32).hex())
        ray = pytest.importorskip("ray")
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args=NODE)
        try:
            cluster.add_node(**NODE)
            ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()

"""What tests of a cluster share: the size of a node, and whether a process lives."""

from pathlib import Path

NODE = {"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
NODE |= {"env_vars": {"TTS_PLAYGROUND_PLUGINS": "outside_plugins_here"}}
"""workers know the plug-ins of the tests; this process does where a test registers them"""


def alive(process):
    """Whether a process of this machine runs."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


__all__ = ["NODE", "alive"]

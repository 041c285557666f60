"""Random pipelines as folders, made once."""

import pytest
from tiny_pipelines import FAMILIES, saved


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory):
    """family -> folder, each made when it is first asked for."""
    made = {}

    def folder(family):
        assert family in FAMILIES
        if family not in made:
            made[family] = saved(family, tmp_path_factory.mktemp("pipelines") / family)
        return made[family]

    return folder

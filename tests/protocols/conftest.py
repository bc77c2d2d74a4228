"""A world, and what all protocols find in it."""

import pytest

from vfal.protocol import Evaluation

from .world import World


@pytest.fixture(scope="package", params=[0.0, 1.0], ids=["fine", "tied"])
def world(request) -> World:
    return World(grid=request.param)


@pytest.fixture(scope="package")
def found(world) -> Evaluation:
    return world.evaluate()

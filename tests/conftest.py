"""What tests of all rooms share."""

import pytest

from tests import kit


@pytest.fixture(scope="session")
def node_url():
    """The address of a node that runs as long as the tests do."""
    with kit.some_node() as url:
        yield url


@pytest.fixture(scope="session")
def world(node_url):
    """A world on that node. Names made in it are new each time, so tests don't meet."""
    found = kit.World(node_url)
    yield found
    found.close()

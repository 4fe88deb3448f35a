"""What tests of all rooms share."""

import pytest

from bsip_mplp.journal import Journal
from tests import databases, kit


def pytest_sessionfinish():
    databases.stop_server()


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


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server that runs as long as the tests do."""
    return databases.server()


@pytest.fixture(scope="session", params=databases.KINDS)
def fresh(request, tmp_path_factory):
    """Makes databases of either kind, each with an empty journal; gives their addresses."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").with_tables

    def make():
        made = f"sqlite:///{tmp_path_factory.mktemp('journal')}/journal.sqlite"
        Journal.open(made, create=True).close()
        return made

    return make


@pytest.fixture
def url(fresh, request):
    """The address of a database of a test's own, in which an empty journal stands."""
    made = fresh()
    yield made
    if made.startswith("postgresql"):
        request.getfixturevalue("postgres").drop(made)


@pytest.fixture
def postgres_url(postgres):
    """The address of a database of a test's own on a server, in which an empty journal stands."""
    made = postgres.with_tables()
    yield made
    postgres.drop(made)

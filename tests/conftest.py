"""No example of hypothesis is judged by the clock: the machine may be busy. Real servers are fixtures everywhere."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


@pytest.fixture(autouse=True, scope="session")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What no test names a place for must not go into the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        yield

"""The fake vendors, humming where a test does not ask for real speech."""

from collections.abc import Iterator

import pytest

from tests.fakes.azure import FakeAzure
from tests.fakes.edge import FakeEdge, point_edge_tts_at
from tests.fakes.openai import FakeOpenAI
from tests.fakes.speech import hum


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEdge]:
    with FakeEdge(hum) as server:
        point_edge_tts_at(server, monkeypatch)
        yield server


@pytest.fixture
def azure() -> Iterator[FakeAzure]:
    with FakeAzure(hum) as server:
        yield server


@pytest.fixture
def openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(hum) as server:
        yield server

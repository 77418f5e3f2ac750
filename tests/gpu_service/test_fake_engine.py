import pytest

from gpu_service.ports import Engine
from tests.fakes.xtts_engine import FakeXttsEngine
from tests.gpu_service.engine_promises import EnginePromises


class TestFakeXttsEngine(EnginePromises):
    @pytest.fixture
    def engine(self) -> Engine:
        return FakeXttsEngine()

from typing import Any

import pytest

from gpu_service.ports import Engine
from tests.gpu_service.engine_promises import EnginePromises


class TestXttsEngine(EnginePromises):
    @pytest.fixture
    def engine(self, greedy: Any) -> Engine:
        engine: Engine = greedy
        return engine

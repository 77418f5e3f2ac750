import gc
import shutil
from pathlib import Path

import pytest

from gpu_service.engine import EngineSettings
from gpu_service.memory import NoMemoryError


@pytest.fixture
def directories(checkpoint: Path, tmp_path: Path) -> list[Path]:
    return [Path(shutil.copytree(checkpoint, tmp_path / name)) for name in ("a", "b")]


def test_a_checkpoint_is_loaded_once(checkpoint: Path) -> None:
    from gpu_service.engine.models import Models

    models = Models(EngineSettings(checkpoint, device="cpu", threads=1))
    assert models.engine(checkpoint) is models.engine(checkpoint)


def test_the_least_recently_used_makes_room(directories: list[Path]) -> None:
    from gpu_service.engine.models import Models

    settings = EngineSettings(directories[0], device="cpu", threads=1, memory_budget_bytes=130 << 20)  # one has 92 MB
    models = Models(settings)
    models.engine(directories[0])
    used = models.memory.allocated_bytes
    models.engine(directories[1])
    gc.collect()
    assert len(models) == 1
    assert models.memory.allocated_bytes == used


def test_a_checkpoint_larger_than_the_budget_is_refused(checkpoint: Path) -> None:
    from gpu_service.engine.models import Models

    with pytest.raises(NoMemoryError, match="are free"):
        Models(EngineSettings(checkpoint, device="cpu", threads=1, memory_budget_bytes=1 << 20)).engine(checkpoint)

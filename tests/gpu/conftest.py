"""Tests of the XTTS engine, where torch is installed; a genuine tiny checkpoint is made once."""

import dataclasses
import importlib.util
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gpu_service.engine import EngineSettings
from gpu_service.ports import Line
from tests.builders.tiny_xtts import Size, build
from tests.builders.tiny_xtts_lines import MIXED

if TYPE_CHECKING:
    from gpu_service.engine.xtts import XttsEngine

if importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]

QUICK = Size(hop=1024, stop=8.0)
"""A quarter of the sound for each token: the vocoder, which has its full size, takes most of the time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The libraries of XTTS warn of each other; ours are judged in the other environment."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("xtts"), QUICK)


@pytest.fixture(scope="session")
def load_engine(checkpoint: Path) -> Callable[..., Any]:
    from gpu_service.engine import load

    def loaded(**changes: Any) -> Any:
        return load(dataclasses.replace(EngineSettings(checkpoint, device="cpu", threads=1), **changes))

    return loaded


@pytest.fixture(scope="session")
def greedy(load_engine: Callable[..., Any]) -> "XttsEngine":
    engine: XttsEngine = load_engine(temperature=0)
    return engine


@pytest.fixture(scope="session")
def sampling(load_engine: Callable[..., Any]) -> "XttsEngine":
    engine: XttsEngine = load_engine()
    return engine


@pytest.fixture
def mixed() -> list[Line]:
    """Eight lines of six languages and three speakers, in no order."""
    lines = [Line((text,), language, speaker, seed=seed) for seed, (text, language, speaker) in enumerate(MIXED)]
    random.Random(3).shuffle(lines)
    return lines

"""XTTS. The only package that imports torch and TTS, and only once an engine is loaded: that takes seconds."""

from gpu_service.engine.files import CheckpointError
from gpu_service.engine.settings import EngineSettings
from gpu_service.ports import Engine

__all__ = ["CheckpointError", "EngineSettings", "load"]


def load(settings: EngineSettings) -> Engine:
    """Load a checkpoint, ready to speak. Raises CheckpointError, gpu_service.memory.NoMemoryError."""
    from gpu_service.engine.models import Models

    return Models(settings).engine(settings.directory)

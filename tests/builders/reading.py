"""Readers as the service makes them."""

from functools import cache
from typing import Any

from danmu_tts.adapters.reading.readers import FileReaders
from danmu_tts.settings_reading import ReadingSettings
from danmu_tts.text.reading import Reader


@cache
def reader() -> Reader:
    """The one of a default installation."""
    return reader_with()


def reader_with(**choices: Any) -> Reader:
    """One with other settings."""
    return readers_with(**choices).reader(None, None)


def readers_with(**choices: Any) -> FileReaders:
    """Those of such an installation."""
    return FileReaders(ReadingSettings(**choices), "zh", lambda: 0.0)

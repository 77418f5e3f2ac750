"""Data files that services are given."""

import json
from importlib.resources import files
from typing import Any


def packaged(name: str) -> Any:
    """What a JSON file in ``danmu_tts/data`` holds."""
    return json.loads((files("danmu_tts") / "data" / name).read_text("utf-8"))

"""Jobs for the GPU service."""

import itertools
import time
from typing import Any

from speech_contract.jobs import SpeechJob

_numbers = itertools.count()


def speech_job(text: str = "大家好", **changes: Any) -> SpeechJob:
    """A job that is valid for a minute from now on, of its own id."""
    now_ms = time.time_ns() // 1_000_000
    fields: dict[str, Any] = {
        "id": f"job-{next(_numbers)}",
        "parts": (text,),
        "language": "zh",
        "speaker": "ana-florence",
        "created_at_ms": now_ms,
        "expires_at_ms": now_ms + 60_000,
    }
    return SpeechJob(**(fields | changes))

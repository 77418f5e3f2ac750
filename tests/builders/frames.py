"""The WebSocket's frames, with everything that a test does not care about filled in."""

from typing import Any

from speech_contract.frames import Done
from speech_contract.speech import TimingsAnswer


def a_done(utterance_id: str = "a", **changes: Any) -> Done:
    """A second of Piper's, as pcm."""
    answer = Done(
        id=utterance_id,
        duration_ms=1000,
        bytes=48_000,
        format="pcm",
        sample_rate_hz=24_000,
        voice="piper:x",
        backend="piper",
        cost_usd=0,
        timings=TimingsAnswer(first_audio_ms=1, total_ms=2),
    )
    return answer.model_copy(update=changes)

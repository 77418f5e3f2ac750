"""One line and one count for every request that was answered."""

from collections.abc import Callable, Sequence

from danmu_tts.domain.speech import Speech, SpeechRequest
from danmu_tts.domain.voices import Voice
from danmu_tts.observability import describe_text, get_logger
from danmu_tts.ports import Metrics

logger = get_logger("performance")


class SpeechLog:
    """See the module."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float], *, log_text: bool) -> None:
        """``clock`` counts seconds from any start."""
        self._metrics = metrics
        self._clock = clock
        self._log_text = log_text

    def write(
        self,
        request: SpeechRequest,
        wanted: Sequence[Voice],
        status: str,
        started_s: float,
        speech: Speech | None = None,
    ) -> None:
        """One line and one count an answer, under who spoke, or else who should have."""
        voice = speech.encoded.voice if speech else wanted[0].id if wanted else ""
        backend = voice.partition(":")[0] or "none"
        duration_s = self._clock() - started_s
        self._metrics.request(backend=backend, status=status, duration_s=duration_s)
        fields = describe_text(request.text, log_text=self._log_text) | {
            "status": status,
            "backend": backend,
            "voice": voice,
            "cached": (speech.cached or "no") if speech else "no",
            "duration_ms": round(duration_s * 1000, 1),
            "room": request.room or "",
        }
        if speech and speech.fallback:
            fields |= {"fallback_from": speech.fallback.voice, "fallback_reason": speech.fallback.reason}
        logger.info("speech", extra=fields)

"""What several routes say of the speech that they answer with."""

from collections.abc import Iterable

from danmu_tts.domain.limits import Allowance
from danmu_tts.domain.speech import Speech


def speech_headers(speech: Speech) -> dict[str, str]:
    """What audio does not say of itself. ``x-sample-rate-hz`` matters for pcm."""
    headers = {
        "x-sample-rate-hz": str(speech.encoded.sample_rate_hz),
        "x-audio-duration-ms": str(speech.encoded.duration_ms),
        "x-voice": speech.encoded.voice,
        "x-cache": speech.cached or "miss",
    }
    if speech.fallback:
        headers |= {"x-fallback-from": speech.fallback.voice, "x-fallback-reason": speech.fallback.reason}
    return headers | allowance_headers(speech.allowances)


def allowance_headers(allowances: Iterable[Allowance]) -> dict[str, str]:
    """What the caller has left, by the names that OpenAI's clients read."""
    headers = {}
    for each in allowances:
        headers[f"x-ratelimit-limit-{each.unit}"] = str(each.limit)
        headers[f"x-ratelimit-remaining-{each.unit}"] = str(each.remaining)
    return headers

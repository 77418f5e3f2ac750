"""Between the words of the wire and those of the house: what REST and WebSocket read and write alike."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from danmu_tts.domain.access import Principal
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.errors import DanmuTTSError
from danmu_tts.domain.speech import Priority, Prosody, Speech, SpeechRequest, Timings
from danmu_tts.domain.voices import Voice
from speech_contract.frames import Error
from speech_contract.speech import CaptionAnswer, ErrorDetail, SpeechFields, TimingsAnswer, VoiceAnswer

_SHOWN_CHARS = 80
_RETRY_AFTER_S = 1.0
# Where pydantic's own word for a broken constraint means more than a bad request: (field, its type) to status and code.
_SPECIAL = {
    ("input", "string_too_long"): (413, "text_too_long"),
    ("text", "string_too_long"): (413, "text_too_long"),
    ("response_format", "enum"): (400, "unsupported_format"),
    ("format", "literal_error"): (400, "unsupported_format"),
}


def speech_request(asked: SpeechFields, principal: Principal) -> SpeechRequest:
    """What is asked, by whom, as the services take it."""
    return SpeechRequest(
        text=asked.text,
        voice=asked.voice,
        backend=asked.backend,
        language=asked.language,
        format=AudioFormat(asked.format),
        prosody=Prosody(asked.speed, asked.pitch, asked.volume),
        priority=Priority[asked.priority.name],
        deadline_ms=asked.deadline_ms,
        room=asked.room,
        style=asked.style,
        principal=principal,
        viewer=asked.viewer,
    )


def caption_answers(speech: Speech) -> list[CaptionAnswer]:
    """Which words are heard when."""
    return [CaptionAnswer(**asdict(caption)) for caption in speech.captions]


def timings_answer(timings: Timings) -> TimingsAnswer:
    """Milliseconds, to a hundredth."""
    return TimingsAnswer(**{name: round(value, 2) for name, value in asdict(timings).items()})


def voice_answer(voice: Voice, sample_url: str) -> VoiceAnswer:
    """A voice, and where it can be heard."""
    return VoiceAnswer(
        id=voice.id,
        name=voice.name,
        language=voice.language,
        gender=voice.gender,
        backend=voice.backend,
        sample=sample_url,
    )


def sample_path(voice: Voice) -> str:
    """Where REST has a sentence in a voice."""
    return f"/v1/audio/voices/{voice.id}/sample"


def error_detail(status: int, code: str, message: str, param: str | None = None) -> ErrorDetail:
    """One error in OpenAI's shape."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return ErrorDetail(message=message, type=kind, param=param, code=code)


def domain_error(error: DanmuTTSError) -> ErrorDetail:
    """One of ours."""
    return error_detail(error.http_status, error.code, error.message, error.param)


def error_frame(error: DanmuTTSError, utterance_id: str | None = None) -> Error:
    """One of ours as a WebSocket says it: the end of an utterance, or about a frame."""
    wait_s = (error.retry_after_s or _RETRY_AFTER_S) if error.retryable else None
    return Error(id=utterance_id, error=domain_error(error), retry_after_s=wait_s)


def internal_error() -> ErrorDetail:
    """What is answered when nobody foresaw it."""
    return error_detail(500, "internal_error", "A mistake of ours. The server's log knows more.")


def validation_error(problem: Mapping[str, Any], path: tuple[str, ...], expected: str) -> tuple[int, ErrorDetail]:
    """The status and the error for what pydantic found, without the input: it may be a megabyte or a secret.

    Args:
        problem: the first of pydantic's ``errors()``.
        path: what is left of its ``loc`` within the message that was sent.
        expected: the sentence for an input that is no object at all.
    """
    kind: str = problem["type"]
    param = path[0][:_SHOWN_CHARS] if path and kind != "json_invalid" else None
    status, code = _SPECIAL.get((param or "", kind), (400, "invalid_request"))
    if param is None:
        message = expected
    elif kind == "extra_forbidden":
        message = f"Unknown field {param!r}."
    else:
        message = f"{param}: {problem['msg']}."
    return status, error_detail(status, code, message, param)

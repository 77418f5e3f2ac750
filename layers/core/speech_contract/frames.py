"""The WebSocket's messages: JSON text frames, told apart by ``action`` from the client and by ``type`` to it.

Every ``speak`` that was ``accepted`` ends in exactly one of ``done``, ``cancelled`` and an ``error`` with its id. An
``error`` without an id is about the frame that was sent and ends nothing.
"""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from speech_contract.fields import BackendName, FormatName, LanguageTag
from speech_contract.frame_parts import SentByClient, SentByServer, with_action
from speech_contract.room_frames import RoomClientFrame, RoomServerFrame
from speech_contract.speech import CaptionAnswer, ErrorDetail, SpeechFields, TimingsAnswer, VoiceAnswer

# API Gateway counts a message in steps of 32 KB, and that many bytes fit one step as base64 with the frame around them.
MOST_AUDIO_BYTES = 24_000
PCM_RATE_HZ = 24_000
"""What ``pcm`` is always sent at: signed 16-bit little-endian mono samples."""

SUBPROTOCOL = "danmu-tts.v1"
"""What a browser offers beside its API key or room token, which it cannot send as a header."""

UTTERANCE_ID = r"^[a-zA-Z0-9\-_.:]{1,64}$"
UtteranceId = Annotated[
    str,
    StringConstraints(pattern=UTTERANCE_ID),
    Field(description="Chosen by the client; its own while unfinished."),
]
ClientId = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9\-_]{16,64}$")]
"""A secret of the client's, sent as ``?client=`` when it connects; who comes back with it hears the rest."""


class Speak(SpeechFields):
    """Speak a text; the audio comes while it is made."""

    model_config = ConfigDict(frozen=True, json_schema_extra=with_action)

    action: Literal["speak"] = "speak"
    id: UtteranceId


class Cancel(SentByClient):
    """Let an utterance be. It is answered by ``cancelled``, unless it was done by then."""

    action: Literal["cancel"] = "cancel"
    id: UtteranceId


class Unfinished(BaseModel):
    """An utterance whose end was not heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UtteranceId
    seq: Annotated[int, Field(strict=True, ge=0, le=1_000_000, description="The first `audio` that did not arrive.")]


class Resume(SentByClient):
    """On a new connection with the same client id: go on. What cannot go on ends in an ``error`` not_found.

    ``accepted`` may come again.
    """

    action: Literal["resume"] = "resume"
    speaks: Annotated[tuple[Unfinished, ...], Field(min_length=1, max_length=32)]


class ListVoices(SentByClient):
    """Who can speak now?"""

    action: Literal["voices"] = "voices"
    language: LanguageTag | None = None
    backend: BackendName | None = None


class Ping(SentByClient):
    """Keep the connection: API Gateway closes one that is idle for 10 minutes."""

    action: Literal["ping"] = "ping"


ClientFrame = Annotated[Speak | Cancel | Resume | ListVoices | Ping | RoomClientFrame, Field(discriminator="action")]


class Accepted(SentByServer):
    """It will be spoken."""

    type: Literal["accepted"] = "accepted"
    id: str


class Audio(SentByServer):
    """The next piece of an utterance's audio, or all of it by URL. Pieces put together are a file of its format."""

    type: Literal["audio"] = "audio"
    id: str
    seq: Annotated[int, Field(ge=0, description="0, 1, 2, …")]
    data: Annotated[str | None, Field(description="Base64 of at most 24,000 bytes.")] = None
    url: Annotated[str | None, Field(description="Where the whole is, when it is long and ready.")] = None
    final: Annotated[bool, Field(description="No more will come; its data may be empty.")] = False
    restart: Annotated[
        Literal[True] | None, Field(description="Another voice begins anew: forget what came before this piece.")
    ] = None

    _left_out = frozenset({"data", "url", "restart"})


class Done(SentByServer):
    """All audio was sent."""

    type: Literal["done"] = "done"
    id: str
    duration_ms: int
    bytes: int
    format: FormatName
    sample_rate_hz: int
    voice: str
    backend: str
    fallback_from: Annotated[str | None, Field(description="The voice that should have spoken and could not.")] = None
    fallback_reason: Annotated[str | None, Field(description="Why not: timeout, blocked, rate_limited, …")] = None
    cached: Annotated[
        str | None,
        Field(description="The cache tier that had it; `flight`: it was just being made; null when made now."),
    ] = None
    captions: list[CaptionAnswer] | None = None
    cost_usd: float
    timings: TimingsAnswer


class Cancelled(SentByServer):
    """It was cancelled; nothing more comes of it."""

    type: Literal["cancelled"] = "cancelled"
    id: str


class Error(SentByServer):
    """What went wrong: with an utterance where ``id`` names one, which ends it; else with a frame that was sent."""

    type: Literal["error"] = "error"
    id: str | None = None
    action: Annotated[str | None, Field(description="What the frame asked for that this is about.")] = None
    about: Annotated[str | None, Field(description="The id in that frame; an utterance of that id goes on.")] = None
    error: ErrorDetail
    retry_after_s: Annotated[float | None, Field(description="When trying again makes sense.")] = None

    _left_out = frozenset({"id", "action", "about", "retry_after_s"})


class Voices(SentByServer):
    """Who can speak now."""

    type: Literal["voices"] = "voices"
    voices: list[VoiceAnswer]
    final: Annotated[bool, Field(description="No more will come.")] = True


class Pong(SentByServer):
    """Here."""

    type: Literal["pong"] = "pong"


AnyServerFrame = Accepted | Audio | Done | Cancelled | Error | Voices | Pong | RoomServerFrame
ServerFrame = Annotated[AnyServerFrame, Field(discriminator="type")]


@cache
def client_frames() -> TypeAdapter[ClientFrame]:
    """Reads what a client sends."""
    return TypeAdapter(ClientFrame)


@cache
def server_frames() -> TypeAdapter[AnyServerFrame]:
    """Reads what the server sends."""
    return TypeAdapter(ServerFrame)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12): ``$defs`` has every frame, ``client`` and ``server`` say who sends which."""
    key, template = "$defs", "#/$defs/{model}"
    inputs = [("client", "validation", client_frames()), ("server", "serialization", server_frames())]
    parts, shared = TypeAdapter.json_schemas(inputs, ref_template=template)  # type: ignore[arg-type]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Danmu TTS, WebSocket frames",
        "client": parts["client", "validation"],
        "server": parts["server", "serialization"],
        key: shared[key],
    }

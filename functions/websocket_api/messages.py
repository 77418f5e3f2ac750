"""One message from a client: read, done, answered over its connection."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ValidationError

from danmu_tts.bootstrap import Container
from danmu_tts.domain.connections import Connection, ListenerGoneError
from danmu_tts.domain.errors import DanmuTTSError
from danmu_tts.observability import get_logger
from danmu_tts.wire import error_frame, internal_error, sample_path, validation_error, voice_answer
from functions.websocket_api import room_messages
from speech_contract import frames
from speech_contract.speech import ErrorDetail, VoiceAnswer

access_log = get_logger("access")

_NO_OBJECT = 'Send a JSON object with an action, e.g. {"action": "ping"}; /v1/websocket-schema has them all.'
# 100 of them are some 20 KB, and API Gateway takes no message beyond 128.
_VOICES_A_FRAME = 100


async def receive(built: Container, connection: Connection, body: str) -> dict[str, Any]:
    """Do what a frame asks; what goes wrong is said to the client, and the connection stays."""
    started, outcome = perf_counter(), "ok"
    asked = _Asked()
    try:
        frame = _read(body, asked)
        await _ACTIONS[type(frame)](built, connection, frame)
    except _InvalidFrameError as error:
        outcome = error.detail.code
        await _tell(built, connection, asked.answer(frames.Error(error=error.detail)))
    except DanmuTTSError as error:
        outcome = error.code
        await _tell(built, connection, asked.answer(error_frame(error)))
    except ListenerGoneError:
        outcome = "gone"
    except Exception:  # noqa: BLE001 - the process boundary: logged, answered, and the process goes on
        outcome = "internal_error"
        access_log.exception("unhandled error")
        await _tell(built, connection, asked.answer(frames.Error(error=internal_error())))
    fields = {"outcome": outcome, "duration_ms": round((perf_counter() - started) * 1000, 1)}
    access_log.info("websocket %s", asked.action or "none", extra=fields)
    return {"statusCode": 200}


@dataclass
class _Asked:
    """What is known of the frame that is being answered."""

    action: str | None = None
    about: str | None = None

    def answer(self, error: frames.Error) -> frames.Error:
        """Say which frame an error is about."""
        return error.model_copy(update={"action": self.action, "about": self.about})


class _InvalidFrameError(Exception):
    """What was sent is no frame; ``detail`` says why not."""

    def __init__(self, detail: ErrorDetail) -> None:
        super().__init__(detail.message)
        self.detail = detail


def _read(body: str, asked: _Asked) -> frames.ClientFrame:
    try:
        frame = frames.client_frames().validate_json(body)
        asked.action, asked.about = frame.action, getattr(frame, "id", None)
        return frame
    except ValidationError as error:
        asked.action, asked.about = _named(body)
        problem: dict[str, Any] = dict(error.errors(include_url=False, include_input=False)[0])
        # The first part of the path is the action. Where that is unknown, there is no field to blame.
        path = () if problem["type"].startswith("union_tag") else tuple(str(part) for part in problem["loc"][1:])
        raise _InvalidFrameError(validation_error(problem, path, _NO_OBJECT)[1]) from error


def _named(body: str) -> tuple[str | None, str | None]:
    """The action and the id in what is no frame, as far as they are such."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    action, about = (sent.get("action"), sent.get("id")) if isinstance(sent, dict) else (None, None)
    return (
        action if isinstance(action, str) and action in _ACTION_NAMES else None,
        about if isinstance(about, str) and re.fullmatch(frames.UTTERANCE_ID, about) else None,
    )


async def _voices(built: Container, connection: Connection, frame: frames.ListVoices) -> None:
    await built.sessions.authorize(connection)
    found = await built.backends.list_voices(language=frame.language, backend=frame.backend)
    base_url = built.settings.server.public_url or ""
    voices = [voice_answer(voice, f"{base_url}{sample_path(voice)}") for voice in found]
    for frame_voices in _in_frames(voices):
        await built.delivery.send(connection, frame_voices)


async def _ping(built: Container, connection: Connection, _: frames.Ping) -> None:
    await built.sessions.authorize(connection)
    await built.delivery.send(connection, frames.Pong())


_ACTIONS: dict[type[BaseModel], Callable[[Container, Connection, Any], Awaitable[None]]] = {
    frames.Speak: lambda built, connection, frame: built.sessions.speak(connection, frame),
    frames.Cancel: lambda built, connection, frame: built.sessions.cancel(connection, frame),
    frames.Resume: lambda built, connection, frame: built.sessions.resume(connection, frame),
    frames.ListVoices: _voices,
    frames.Ping: _ping,
    **room_messages.ACTIONS,
}
_ACTION_NAMES = frozenset(kind.model_fields["action"].default for kind in _ACTIONS)


def _in_frames(voices: list[VoiceAnswer]) -> list[frames.Voices]:
    parts = [voices[start : start + _VOICES_A_FRAME] for start in range(0, len(voices), _VOICES_A_FRAME)] or [[]]
    return [frames.Voices(voices=part, final=part is parts[-1]) for part in parts]


async def _tell(built: Container, connection: Connection, frame: frames.Error) -> None:
    try:
        await built.delivery.send(connection, frame)
    except ListenerGoneError:
        access_log.info("nobody was there to be told")

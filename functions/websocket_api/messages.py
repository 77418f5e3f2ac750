"""One message from a client: read, done, answered over its connection."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ValidationError

from danmu_tts.bootstrap import Container
from danmu_tts.domain.connections import Connection, ListenerGoneError
from danmu_tts.domain.errors import DanmuTTSError
from danmu_tts.observability import get_logger
from danmu_tts.wire import error_frame, internal_error, sample_path, validation_error, voice_answer
from speech_contract import frames
from speech_contract.speech import VoiceAnswer

access_log = get_logger("access")

_NO_OBJECT = "Send a JSON object with an action: speak, cancel, resume, voices or ping."
# 100 of them are some 20 KB, and API Gateway takes no message beyond 128.
_VOICES_A_FRAME = 100


async def receive(built: Container, connection: Connection, body: str) -> dict[str, Any]:
    """Do what a frame asks; what goes wrong is said to the client, and the connection stays."""
    started, action, outcome = perf_counter(), "none", "ok"
    try:
        frame = _read(body)
        action = frame.action
        await _ACTIONS[type(frame)](built, connection, frame)
    except _InvalidFrameError as error:
        outcome = error.answer.error.code
        await _tell(built, connection, error.answer)
    except DanmuTTSError as error:
        outcome = error.code
        await _tell(built, connection, error_frame(error))
    except ListenerGoneError:
        outcome = "gone"
    except Exception:  # noqa: BLE001 - the process boundary: logged, answered, and the process goes on
        outcome = "internal_error"
        access_log.exception("unhandled error")
        await _tell(built, connection, frames.Error(error=internal_error()))
    fields = {"outcome": outcome, "duration_ms": round((perf_counter() - started) * 1000, 1)}
    access_log.info("websocket %s", action, extra=fields)
    return {"statusCode": 200}


class _InvalidFrameError(Exception):
    """What was sent is no frame; ``answer`` says why not."""

    def __init__(self, answer: frames.Error) -> None:
        super().__init__(answer.error.message)
        self.answer = answer


def _read(body: str) -> frames.ClientFrame:
    try:
        return frames.client_frames().validate_json(body)
    except ValidationError as error:
        problem: dict[str, Any] = dict(error.errors(include_url=False, include_input=False)[0])
        # The first part of the path is the action. Where that is unknown, there is no field to blame.
        path = () if problem["type"].startswith("union_tag") else tuple(str(part) for part in problem["loc"][1:])
        raise _InvalidFrameError(frames.Error(error=validation_error(problem, path, _NO_OBJECT)[1])) from error


async def _speak(built: Container, connection: Connection, frame: frames.Speak) -> None:
    await built.sessions.speak(connection, frame)


async def _cancel(built: Container, connection: Connection, frame: frames.Cancel) -> None:
    await built.sessions.cancel(connection, frame)


async def _resume(built: Container, connection: Connection, frame: frames.Resume) -> None:
    await built.sessions.resume(connection, frame)


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
    frames.Speak: _speak,
    frames.Cancel: _cancel,
    frames.Resume: _resume,
    frames.ListVoices: _voices,
    frames.Ping: _ping,
}


def _in_frames(voices: list[VoiceAnswer]) -> list[frames.Voices]:
    parts = [voices[start : start + _VOICES_A_FRAME] for start in range(0, len(voices), _VOICES_A_FRAME)] or [[]]
    return [frames.Voices(voices=part, final=part is parts[-1]) for part in parts]


async def _tell(built: Container, connection: Connection, frame: frames.Error) -> None:
    try:
        await built.delivery.send(connection, frame)
    except ListenerGoneError:
        access_log.info("nobody was there to be told")

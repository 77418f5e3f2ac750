"""The REST application over a backend that speaks at once, asked by API Gateway's events."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danmu_tts import process_loop
from danmu_tts.adapters.keys.files import KeyFiles
from danmu_tts.bootstrap import Container
from danmu_tts.domain.access import KeyRecord, Role, Scope
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.services.access import Allowance
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter
from tests.builders.twitch_messages import chat, fragment

SPEECH = ("POST", "/v1/speech", {"text": "你好"})
OPENAI_SPEECH = ("POST", "/v1/audio/speech", {"model": "auto", "input": "你好", "response_format": "wav"})
MODELS = ("GET", "/v1/models", None)
SAMPLE = ("GET", "/v1/audio/voices/fake:zh-CN/sample", None)
Call = tuple[str, str, Any]
# What each route needs: any good credential, or a scope.
ROUTES: list[tuple[Call, Scope | None]] = [
    (SPEECH, Scope.SPEAK),
    (OPENAI_SPEECH, Scope.SPEAK),
    (SAMPLE, Scope.SPEAK),
    (MODELS, None),
    (("GET", "/v1/models/auto", None), None),
    (("POST", "/v1/rooms/r/danmu", {"events": [{"text": "你好"}]}), Scope.DANMU),
    (("POST", "/v1/rooms/r/danmu/twitch", {"messages": [chat(fragment("text", "hi"))]}), Scope.DANMU),
    (("GET", "/v1/rooms/r", None), Scope.LISTEN),
    (("PUT", "/v1/rooms/r", {}), Scope.DANMU),
    (("POST", "/v1/rooms/r/skip", None), Scope.DANMU),
    (("POST", "/v1/rooms/r/clear", None), Scope.DANMU),
    (("POST", "/v1/rooms/r/pause", None), Scope.DANMU),
    (("POST", "/v1/rooms/r/resume", None), Scope.DANMU),
    (("GET", "/v1/audio/voices", None), None),
    (("GET", "/v1/backends", None), None),
    (("GET", "/health/detailed", None), Scope.ADMIN),
    (("GET", "/metrics", None), Scope.ADMIN),
]


@dataclass(frozen=True)
class Answer:
    status: int
    code: str | None
    message: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Service:
    """The application over a backend that speaks at once, and the folder of its keys."""

    container: Container
    keys: Path
    asked: list[SpeechRequest]

    def answer(self, event: dict[str, Any]) -> Answer:
        result = LambdaAdapter(create_app(self.container))(event, None)
        error = json.loads(result["body"])["error"] if result["statusCode"] >= 400 else {}
        return Answer(result["statusCode"], error.get("code"), error.get("message", ""), result["headers"])

    def key(self, *scopes: Scope, **allowance: Any) -> str:
        return str(process_loop.run(self.container.access.create("test", scopes, Allowance(**allowance))).text)

    def keep(self, record: KeyRecord) -> None:
        """Put a record into the folder as another process would."""
        process_loop.run(KeyFiles(self.keys).put(record))

    def token(self, room: str = "room-1", role: Role = Role.PLAYER) -> str:
        access = self.container.access
        record = process_loop.run(access.create("test", [Scope.ADMIN])).record
        return access.room_token(record, room, role, 60)


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}

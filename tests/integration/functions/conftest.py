from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from danmu_tts.bootstrap import build
from danmu_tts.domain.speech import SpeechRequest
from danmu_tts.settings import CacheSettings, RoomsSettings, SecuritySettings, Settings, TtsSettings
from tests.builders.fake_backend import FakeBackend
from tests.builders.rest_service import Service


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Service]:
    def build_service(api_keys: Any = "auto") -> Service:
        settings = Settings(
            tts=TtsSettings(backends=()),
            cache=CacheSettings(directory=tmp_path / "cache"),
            rooms=RoomsSettings(directory=tmp_path / "rooms"),
            security=SecuritySettings(api_keys=api_keys, keys_directory=tmp_path / "keys"),
        )
        container = build(settings, backends={"fake": FakeBackend()})
        asked: list[SpeechRequest] = []
        for name in ("speak", "speak_or_defer"):
            monkeypatch.setattr(container.speak, name, _heard(getattr(container.speak, name), asked))
        return Service(container, tmp_path / "keys", asked)

    return build_service


def _heard(speak: Callable[..., Awaitable[Any]], asked: list[SpeechRequest]) -> Callable[..., Awaitable[Any]]:
    async def listen(request: SpeechRequest, *others: Any) -> Any:
        asked.append(request)
        return await speak(request, *others)

    return listen


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve()

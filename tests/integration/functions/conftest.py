from collections.abc import Callable
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
        speak = container.speak.speak

        async def listen(request: SpeechRequest) -> Any:
            asked.append(request)
            return await speak(request)

        monkeypatch.setattr(container.speak, "speak", listen)
        return Service(container, tmp_path / "keys", asked)

    return build_service


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve()

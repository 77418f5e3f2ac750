"""Each vendor's backend with the vendor's real SDK, talking to a server that speaks the vendor's protocol."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import pytest
from pydantic import SecretStr

from danmu_tts.adapters.backends.azure import AzureBackend
from danmu_tts.adapters.backends.azure_words import AzureWordsBackend
from danmu_tts.adapters.backends.edge import EdgeBackend
from danmu_tts.adapters.backends.openai import OpenAIBackend
from danmu_tts.adapters.backends.piper_function import PiperFunctionBackend
from danmu_tts.ports import Backend
from danmu_tts.settings_backends import AzureSettings, EdgeSettings, OpenAISettings, PiperSettings
from functions.piper_voice import handler as piper_function
from tests.fakes.azure import FakeAzure
from tests.fakes.edge import FakeEdge, point_edge_tts_at
from tests.fakes.lambda_api import FakeLambda
from tests.fakes.openai import FakeOpenAI
from tests.fakes.speech import Speech, hum
from tests.fakes.vendor import LocalServer

# Loading an SDK may take longer than the silence that a test allows.
for _sdk in ("azure.cognitiveservices.speech", "boto3", "edge_tts", "httpx2", "openai"):
    import_module(_sdk)

AZURE_KEY = SecretStr("0" * 32)
SILENCE_LIMIT_MS = 1000


@dataclass(frozen=True)
class Vendor:
    name: str
    server: LocalServer
    backend: Backend


Speaker = Callable[[str, float], Speech]


@contextmanager
def edge(speech: Speaker = hum, silence_limit_ms: int = SILENCE_LIMIT_MS) -> Iterator[Vendor]:
    with FakeEdge(speech) as server, pytest.MonkeyPatch.context() as patch:
        point_edge_tts_at(server, patch)
        yield Vendor("edge", server, EdgeBackend(EdgeSettings(enabled=True, silence_limit_ms=silence_limit_ms)))


@contextmanager
def azure(speech: Speaker = hum, silence_limit_ms: int = SILENCE_LIMIT_MS) -> Iterator[Vendor]:
    with FakeAzure(speech) as server:
        settings = AzureSettings(key=AZURE_KEY, endpoint=server.url, silence_limit_ms=silence_limit_ms)
        yield Vendor("azure", server, AzureBackend(settings))


@contextmanager
def azure_words(speech: Speaker = hum, silence_limit_ms: int = SILENCE_LIMIT_MS) -> Iterator[Vendor]:
    with FakeAzure(speech) as server:
        settings = AzureSettings(
            key=AZURE_KEY, endpoint=server.url, silence_limit_ms=silence_limit_ms, word_boundaries=True
        )
        yield Vendor("azure-words", server, AzureWordsBackend(settings))


@contextmanager
def openai(speech: Speaker = hum, silence_limit_ms: int = SILENCE_LIMIT_MS) -> Iterator[Vendor]:
    with FakeOpenAI(speech) as server:
        settings = OpenAISettings(api_key=SecretStr("key"), base_url=server.base_url, silence_limit_ms=silence_limit_ms)
        yield Vendor("openai", server, OpenAIBackend(settings))


@cache
def _load_piper() -> None:
    piper_function.handler({"text": "warm up", "voice": "en_US-joe-medium"}, None)


@contextmanager
def piper(speech: Speaker = hum, silence_limit_ms: int = 2000) -> Iterator[Vendor]:
    """The real Piper in the real handler; ``speech`` is not asked."""
    _load_piper()
    with FakeLambda({"danmu-piper": piper_function.handler}) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.url)
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_ACCESS_KEY_ID", "none")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "none")
        settings = PiperSettings(function_name="danmu-piper", silence_limit_ms=silence_limit_ms)
        yield Vendor("piper", server, PiperFunctionBackend(settings, "danmu-piper"))


OpenVendor = Callable[..., AbstractContextManager[Vendor]]

VENDORS: dict[str, OpenVendor] = {
    "edge": edge,
    "azure": azure,
    "azure-words": azure_words,
    "openai": openai,
    "piper": piper,
}

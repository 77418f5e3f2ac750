"""Plugins' say in each request and each answer."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from danmu_tts import foreign
from danmu_tts.domain.errors import DanmuTTSError
from danmu_tts.domain.speech import Speech, SpeechRequest
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import Plugin

T = TypeVar("T", bound=SpeechRequest | Speech)
logger = get_logger("plugins")

_LIMIT_S = 2.0


class Hooks:
    """Runs the plugins in the order in which they are named. One that breaks or dawdles is as if it were not there."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = plugins

    @property
    def leave_audio(self) -> bool:
        """Whether every plugin says that it leaves audio as it is, which may then be heard while it is made."""
        return all(getattr(plugin, "leaves_audio", False) is True for plugin in self.plugins)

    async def pre_process(self, request: SpeechRequest) -> SpeechRequest:
        """The request as the plugins leave it. Raises what they raise of ``DanmuTTSError``."""
        for plugin in self.plugins:
            request = await _run(plugin, plugin.pre_process, request)
        return request

    async def post_process(self, speech: Speech) -> Speech:
        """The answer as the plugins leave it. Another sound gets another key, so that its URL is its own."""
        for plugin in self.plugins:
            changed = await _run(plugin, plugin.post_process, speech)
            if changed.encoded.audio != speech.encoded.audio:
                source = f"{speech.key}/{plugin.name}/{plugin.version}/".encode() + changed.encoded.audio
                changed = replace(changed, key=hashlib.sha256(source).hexdigest())
            speech = changed
        return speech


async def _run(plugin: Plugin, step: Callable[[T], Any], value: T) -> T:
    try:
        result = await foreign.call(lambda: step(value), _LIMIT_S)
        if result is value:
            return value
        fields = asdict(result)  # input like any other
        if isinstance(value, SpeechRequest):
            fields["principal"] = value.principal  # no plugin says who asks, or what he may do and spend
        return cast(T, _adapters()[type(value)].validate_python(fields))
    except DanmuTTSError:
        raise
    except Exception as error:
        logger.error("plugin failed", extra={"plugin": plugin.name} | describe_error(error))
        logger.debug("plugin failed", exc_info=error)
        return value


@cache
def _adapters() -> dict[type, TypeAdapter[Any]]:
    return {kind: TypeAdapter(kind) for kind in (SpeechRequest, Speech)}

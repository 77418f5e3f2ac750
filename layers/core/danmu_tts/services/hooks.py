"""Plugins' say in each request and each answer."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from danmu_tts.domain.errors import DanmuTTSError
from danmu_tts.domain.speech import Speech, SpeechRequest
from danmu_tts.observability import get_logger
from danmu_tts.ports import Plugin

T = TypeVar("T")
logger = get_logger("plugins")


class Hooks:
    """Runs the plugins in the order in which they are named."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = plugins

    async def pre_process(self, request: SpeechRequest) -> SpeechRequest:
        """The request as the plugins leave it. Raises what they raise of ``DanmuTTSError``."""
        for plugin in self.plugins:
            request = await _run(plugin, plugin.pre_process, request)
        return request

    async def post_process(self, speech: Speech) -> Speech:
        """The answer as the plugins leave it. Another sound gets another key, so that its URL is its own."""
        for plugin in self.plugins:
            changed = await _run(plugin, plugin.post_process, speech)
            if changed.encoded.audio is not speech.encoded.audio:
                source = f"{speech.key}/{plugin.name}/{plugin.version}/".encode() + changed.encoded.audio
                changed = replace(changed, key=hashlib.sha256(source).hexdigest())
            speech = changed
        return speech


async def _run(plugin: Plugin, step: Callable[[T], T | Awaitable[T]], value: T) -> T:
    """One step; a plugin that breaks is as if it were not there."""
    try:
        result = step(value)
        result = await result if inspect.isawaitable(result) else result
        if isinstance(result, type(value)):
            return result
        logger.error("plugin returned something else", extra={"plugin": plugin.name, "returned": type(result).__name__})
    except DanmuTTSError:
        raise
    except Exception:  # the edge of foreign code: a plugin may be anybody's
        logger.exception("plugin failed", extra={"plugin": plugin.name})
    return value

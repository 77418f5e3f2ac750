"""Everything that others may add, found by name: backends, caches, and plugins that see each request and answer.

A package declares what it brings as an entry point; naming it in the settings is all that is left to do::

    [project.entry-points."danmu_tts.backends"]
    hum = "my_package:create_backend"      # create_backend(context: BackendContext) -> ports.Backend

    [project.entry-points."danmu_tts.caches"]
    shelf = "my_package:create_cache"      # create_cache(context: CacheContext) -> ports.SpeechCache

    [project.entry-points."danmu_tts.plugins"]
    shout = "my_package:Shout"             # Shout() -> ports.Plugin

A factory that raises, or a module that cannot be imported, is reported and takes nothing else down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from danmu_tts.engine_slots import EngineSlots
from danmu_tts.observability import get_logger
from danmu_tts.settings import Settings

logger = get_logger("plugins")

BACKENDS, CACHES, PLUGINS = "danmu_tts.backends", "danmu_tts.caches", "danmu_tts.plugins"


@dataclass(frozen=True, slots=True)
class BackendContext:
    """What a backend's factory is given.

    Attributes:
        slots: share these where speaking keeps a core of this machine busy; see ``LocalEngine``.
    """

    settings: Settings
    slots: EngineSlots


@dataclass(frozen=True, slots=True)
class CacheContext:
    """What a cache's factory is given."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class Broken:
    """What was named in the settings and is not there.

    Attributes:
        kind: ``backend``, ``cache`` or ``plugin``.
        reason: what is wrong and, where that is known, how to put it right.
    """

    kind: str
    name: str
    reason: str


def load_factory(group: str, name: str, built_in: Mapping[str, str]) -> Callable[..., Any]:
    """Import the factory of that name: ours by table, others by entry point.

    Raises:
        LookupError: nothing of that name is installed; the message names what is.
        Exception: whatever importing it raised.
    """
    if name in built_in:
        module, _, attribute = built_in[name].partition(":")
        return cast(Callable[..., Any], getattr(import_module(module), attribute))
    installed = {entry.name: entry for entry in entry_points(group=group)}
    if name not in installed:
        raise LookupError(f"no such name is installed; known here: {', '.join(sorted({*built_in, *installed}))}")
    return cast(Callable[..., Any], installed[name].load())


def broken(kind: str, name: str, error: Exception) -> Broken:
    """Say in the log and to the operator that something named in the settings is not there."""
    found = Broken(kind, name, str(error) if isinstance(error, LookupError) else f"{type(error).__name__}: {error}")
    logger.warning("left out", extra={"kind": kind, "plugin": name, "reason": found.reason})
    return found

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
from enum import StrEnum
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from danmu_tts.domain.errors import BackendDisabledError
from danmu_tts.engine_slots import EngineSlots
from danmu_tts.observability import get_logger
from danmu_tts.ports import Backend, Expected, Plugin, SpeechCache
from danmu_tts.settings import Settings

logger = get_logger("plugins")


@dataclass(frozen=True, slots=True)
class BackendContext:
    """What a backend's factory is given.

    Attributes:
        slots: share these where speaking keeps a core of this machine busy; see ``LocalEngine``.
        expected: results that come from elsewhere; None where nothing can.
    """

    settings: Settings
    slots: EngineSlots
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class CacheContext:
    """What a cache's factory is given."""

    settings: Settings


class Kind(StrEnum):
    """What can be added. The value is what an operator calls it."""

    BACKEND = "backend"
    CACHE = "cache"
    PLUGIN = "plugin"

    @property
    def group(self) -> str:
        """The entry points of this kind."""
        return f"danmu_tts.{self}s"

    @property
    def port(self) -> type:
        """What a factory of this kind must return."""
        return {Kind.BACKEND: Backend, Kind.CACHE: SpeechCache, Kind.PLUGIN: Plugin}[self]


@dataclass(frozen=True, slots=True)
class Broken:
    """What was named in the settings and is not there, why, and where that is known, how to put it right."""

    kind: Kind
    name: str
    reason: str


class NotInstalledError(LookupError):
    """Nothing of that name is installed."""


class Additions:
    """Makes what the settings name, and remembers what could not be made."""

    def __init__(self) -> None:
        self.broken: list[Broken] = []

    def make(self, kind: Kind, name: str, built_in: Mapping[str, str], *context: BackendContext | CacheContext) -> Any:
        """Call the factory of that name: ours by table, others by entry point. None where that fails.

        Raises:
            BackendDisabledError: the factory's own word that something is switched off.
        """
        try:
            made = load_factory(kind, name, built_in)(*context)
            if not isinstance(made, kind.port):
                raise TypeError(f"its factory made a {type(made).__name__}, which is no ports.{kind.port.__name__}")
        except BackendDisabledError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the edge of foreign code: it may be anybody's
            said = str(error) if isinstance(error, NotInstalledError) else f"{type(error).__name__}: {error}"
            self.broken.append(Broken(kind, name, said))
            logger.warning("left out", extra={"kind": kind.value, "plugin": name, "reason": said})
            return None
        return made


def load_factory(kind: Kind, name: str, built_in: Mapping[str, str]) -> Callable[..., Any]:
    """Import a factory by its name. Raises NotInstalledError, and whatever importing it raises."""
    if name in built_in:
        module, _, attribute = built_in[name].partition(":")
        return cast(Callable[..., Any], getattr(import_module(module), attribute))
    installed = {entry.name: entry for entry in entry_points(group=kind.group)}
    if name not in installed:
        known = ", ".join(sorted({*built_in, *installed})) or "none"
        raise NotInstalledError(f"no {kind} of that name is installed; known here: {known}")
    return cast(Callable[..., Any], installed[name].load())

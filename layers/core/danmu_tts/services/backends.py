"""The backend manager: who is there, who is fit, who speaks, and who speaks instead."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from danmu_tts import foreign
from danmu_tts.domain.circuit import Circuit, CircuitPolicy, CircuitState
from danmu_tts.domain.errors import (
    BackendDisabledError,
    BackendTimeoutError,
    BackendUnavailableError,
    InvalidRequestError,
    NoBackendsAvailableError,
)
from danmu_tts.domain.load import LoadFigures
from danmu_tts.domain.selection import BackendView, VoiceChoice, Wish, voice_not_found
from danmu_tts.domain.voices import Voice, VoiceIndex
from danmu_tts.observability import describe_error, get_logger
from danmu_tts.ports import Backend, BackendHealth, BackendTraits, CircuitBoard, Metrics, QueuedBackend
from danmu_tts.services.attempt import WatchedBackend
from danmu_tts.services.circuits import SharedCircuits
from danmu_tts.services.voices import VoiceCatalogue

logger = get_logger("backends")

# A dollar is worth so many milliseconds of waiting: a paid line of 30 characters as much as 0.45 s.
_MS_PER_USD = 1_000_000
_LINE_CHARS = 30
_CHECK_TIMEOUT_S = 5.0
_NOT_CHECKED = BackendHealth(False, "not checked yet")
_NO_ANSWER = f"its health check did not answer in {_CHECK_TIMEOUT_S:.0f} s"


@dataclass(frozen=True, slots=True)
class BackendReport:
    """What an operator is shown of a backend."""

    health: BackendHealth
    circuit: CircuitState
    load: LoadFigures
    traits: BackendTraits


class BackendManager:
    """Keeps what is known of every backend, and chooses by it. One instance a process."""

    def __init__(
        self,
        backends: Mapping[str, Backend],
        absent: Mapping[str, str],
        choice: VoiceChoice,
        metrics: Metrics,
        clock: Callable[[], float],
        *,
        board: CircuitBoard | None = None,
        circuit: CircuitPolicy | None = None,
        check_every_s: float = 60.0,
    ) -> None:
        """``backends``: in order of preference; ``absent``: name to why it is not there; ``clock`` counts seconds.

        ``board``: where other processes tell of failing backends; without it this one goes by what it sees itself.
        """
        policy = circuit or CircuitPolicy()
        self.watched = {
            name: WatchedBackend(backend, Circuit(policy), metrics, clock) for name, backend in backends.items()
        }
        # Which a protocol takes its time to say; it is asked for with every line.
        self._queued = frozenset(name for name, backend in backends.items() if isinstance(backend, QueuedBackend))
        circuits = {name: each.circuit for name, each in self.watched.items()}
        self._shared = SharedCircuits(board, circuits, clock) if board else None
        self.absent = absent
        self.voices = VoiceCatalogue(backends)
        self.choice = choice
        self._clock = clock
        self._check_every_s = check_every_s
        self._checked_at_s: float | None = None
        self._health: dict[str, BackendHealth] = {}
        self._checking: asyncio.Task[None] | None = None

    @property
    def names(self) -> Sequence[str]:
        """Every backend that may speak, preferred first."""
        return tuple(self.watched)

    async def rank(self, wish: Wish, own: Voice | None = None) -> list[Voice]:
        """Who should speak, then who would instead. ``own``: a voice that only this asker has.

        Raises:
            BackendDisabledError: the backend asked for is switched off here.
            InvalidRequestError: nobody knows a backend of that name.
            VoiceNotFoundError: nobody of that name, or nobody for that language.
            NoBackendsAvailableError: nothing is installed.
        """
        self._check_known(wish.backend, _backend_of(wish.voice or ""))
        self._keep_warm()
        if self._shared:
            self._shared.keep_up()
        now_s = self._clock()
        views = [
            BackendView(
                name,
                await self._voices(name, own),
                fit=each.circuit.allows(now_s),
                score_ms=self._score_ms(each),
                steps_in=name not in self._queued,
            )
            for name, each in self.watched.items()
        ]
        if wish.backend is None and not any(view.voices for view in views):
            raise NoBackendsAvailableError("No voice is installed. Run `danmu-tts doctor` to see what is missing.")
        return self.choice.rank(views, wish)

    def is_fit(self, backend: str) -> bool:
        """Whether its circuit would let a call through now."""
        return self.watched[backend].circuit.allows(self._clock())

    def is_paid(self, backend: str) -> bool:
        """Whether somebody has to pay for what it speaks."""
        return self.watched[backend].backend.traits.usd_per_million_chars > 0

    def is_queued(self, backend: str) -> bool:
        """Whether it speaks somewhere else, later."""
        return backend in self._queued

    async def list_voices(self, *, language: str | None = None, backend: str | None = None) -> list[Voice]:
        """Voices that can speak now, optionally only of a language or a backend."""
        self._check_known(backend)
        found = [voice for name in self.watched if backend in (None, name) for voice in await self.voices.of(name)]
        return [voice for voice in found if language is None or voice.speaks(language)]

    async def find_voice(self, voice: str) -> Voice:
        """The voice of that id or name. Raises VoiceNotFoundError, BackendDisabledError."""
        self._check_known(None, _backend_of(voice))
        for found in await self.list_voices():
            if voice in (found.id, found.name):
                return found
        raise voice_not_found(voice)

    async def reports(self) -> dict[str, BackendReport]:
        """Each backend's own word, not older than the time between checks, and what was seen of it here."""
        if self._checking:
            await asyncio.shield(self._checking)
        self._keep_warm(everyone=True)
        if self._checking:
            await asyncio.shield(self._checking)
        now_s = self._clock()
        return {
            name: BackendReport(
                self._health.get(name, _NOT_CHECKED),
                each.circuit.state(now_s),
                each.load.figures(now_s),
                each.backend.traits,
            )
            for name, each in self.watched.items()
        }

    async def _voices(self, backend: str, own: Voice | None) -> VoiceIndex:
        voices = await self.voices.of(backend)
        return VoiceIndex((*voices, own)) if own and own.backend == backend else voices

    async def close(self) -> None:
        """Give everything back, as far as each backend can."""
        if self._checking:
            self._checking.cancel()
        for name, each in self.watched.items():
            try:
                await foreign.call(each.backend.cleanup, _CHECK_TIMEOUT_S)
            except Exception as error:  # noqa: BLE001 - the edge of foreign code: a backend may be anybody's
                logger.warning("clean-up failed", extra={"backend": name} | describe_error(error))

    def _score_ms(self, watched: WatchedBackend) -> float:
        traits = watched.backend.traits
        price_usd = traits.usd_per_million_chars * _LINE_CHARS / 1_000_000
        return watched.score_ms(self._clock()) + price_usd * _MS_PER_USD

    def _check_known(self, backend: str | None, of_voice: str | None = None) -> None:
        """A backend that is asked for, itself or by a voice's id, must be here, or it is said why not."""
        for asked, param in ((backend, "backend"), (of_voice, "voice")):
            if asked is not None and asked in self.absent:
                raise BackendDisabledError(f"Backend {asked!r} is not here: {self.absent[asked]}.", param=param)
        if backend is not None and backend not in self.watched:
            known = ", ".join(self.watched)
            raise InvalidRequestError(f"Unknown backend {backend[:80]!r}. Known here: {known}.", param="backend")

    def _is_stale(self) -> bool:
        return self._checked_at_s is None or self._clock() - self._checked_at_s >= self._check_every_s

    def _keep_warm(self, *, everyone: bool = False) -> None:
        """Traffic keeps the health of those fresh that have been called; nobody waits for it.

        The others are checked when somebody wants to know: a check loads a vendor's SDK.
        """
        under_way = self._checking is not None and not self._checking.done()
        names = [name for name, each in self.watched.items() if everyone or each.was_called]
        if names and not under_way and (self._is_stale() or not self._health.keys() >= set(names)):
            self._checked_at_s = self._clock()
            self._checking = asyncio.create_task(self._check(names))

    async def _check(self, names: Sequence[str]) -> None:
        await asyncio.gather(*(self._check_one(name, self.watched[name]) for name in names))

    async def _check_one(self, name: str, watched: WatchedBackend) -> None:
        """A failed check counts like a failed call, unless a call has just succeeded: some keys may speak, not list."""
        try:
            health = await foreign.call(watched.backend.health_check, _CHECK_TIMEOUT_S)
            if not isinstance(health, BackendHealth):
                raise TypeError(f"{type(health).__name__} is no BackendHealth")
            self._health[name] = health
        except TimeoutError:
            self._unwell(name, watched, BackendTimeoutError(_NO_ANSWER))
        except BackendUnavailableError as error:
            self._unwell(name, watched, error)
        except Exception as error:  # noqa: BLE001 - the edge of foreign code: a backend may be anybody's
            self._health[name] = BackendHealth(False, f"its health check failed: {type(error).__name__}")
            logger.warning("health check failed", extra={"backend": name} | describe_error(error))

    def _unwell(self, name: str, watched: WatchedBackend, error: BackendUnavailableError) -> None:
        self._health[name] = BackendHealth(False, error.message)
        now_s = self._clock()
        spoke_lately = now_s - watched.succeeded_at_s < self._check_every_s
        if spoke_lately or watched.circuit.state(now_s) is not CircuitState.CLOSED:
            return
        if passage := watched.circuit.enter(now_s):
            passage.failed(error, now_s)


def _backend_of(voice: str) -> str | None:
    """The part of a voice's id before the first colon; some names have one of their own."""
    backend, colon, _ = voice.partition(":")
    return backend if colon else None

"""Who speaks, and who looks at what is spoken."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from danmu_tts.domain.audio import AudioChunk
from danmu_tts.domain.jobs import JobTerms
from danmu_tts.domain.speech import Speech, SpeechRequest, Utterance
from danmu_tts.domain.voices import Voice
from speech_contract.jobs import JobResult


@dataclass(frozen=True, slots=True)
class BackendHealth:
    """Whether a backend can speak now, and if not, what is missing and how to get it."""

    available: bool
    detail: str


@dataclass(frozen=True, slots=True)
class BackendTraits:
    """What the services must know of a backend to use it well.

    Attributes:
        native_pitch: it shifts pitch itself; otherwise the service does, by resampling.
        native_volume: it sets volume itself; otherwise the service does.
        reads_english: its voices of other languages read English words too, so that one gets the whole of a mixed line.
        silence_limit_s: longest wait for the next piece of audio before it counts as stalled; None for an engine in
            this process, which is slow only where the machine is.
        usd_per_million_chars: list price.
        chars_per_hanzi: how many characters a Chinese one is billed as.
        side_by_side: calls of a vendor at once, and connections kept to it; more callers wait here.
        needs_language: it must be told in which language a text is.
    """

    native_pitch: bool = False
    native_volume: bool = False
    reads_english: bool = False
    silence_limit_s: float | None = None
    usd_per_million_chars: float = 0.0
    chars_per_hanzi: int = 1
    side_by_side: int = 20
    needs_language: bool = False


@runtime_checkable
class Backend(Protocol):
    """An engine that turns text into audio. One instance a process; every method is safe to call concurrently.

    It makes its calls and translates its errors; deadline, retry, circuit, metrics and the check for missing audio
    are around it. ``adapters/backends/base.py`` has sensible answers for all but two of these.
    """

    @property
    def name(self) -> str:
        """The part of its voices' ids before the colon."""
        ...

    @property
    def traits(self) -> BackendTraits:
        """What it does itself, what it costs, how long it may be silent."""
        ...

    async def initialize(self) -> None:
        """Load now what would otherwise be loaded on first use. Raises BackendUnavailableError."""
        ...

    def synthesize(self, utterance: Utterance) -> AsyncIterator[AudioChunk]:
        """Speak, piece by piece, in order.

        Raises BackendUnavailableError, also midway, and NothingToSayError for what this voice cannot pronounce.
        """
        ...

    async def get_voices(self) -> Sequence[Voice]:
        """Name who can speak now; empty when nothing is installed. Cheap: called on every request."""
        ...

    async def health_check(self) -> BackendHealth:
        """Tell, without loading or paying, whether it would speak."""
        ...

    async def cleanup(self) -> None:
        """Give everything back. The backend may be used again afterwards."""
        ...

    def queue_depth(self) -> float:
        """Utterances that wait inside it, for each that it makes at a time."""
        ...


@runtime_checkable
class QueuedBackend(Backend, Protocol):
    """One that speaks somewhere else, later, so that nobody needs to wait for it: a *job* is on its way meanwhile.

    ``synthesize`` sends a job too, and waits. Whoever it sent one to may answer twice, late or never.
    """

    async def submit(self, utterance: Utterance, job: JobTerms) -> None:
        """Send it on its way. Raises BackendUnavailableError where that is impossible."""
        ...

    def collect(self, result: JobResult) -> AsyncIterator[AudioChunk]:
        """What came of a job. Raises BackendUnavailableError, also for what it failed with there."""
        ...

    async def discard(self, result: JobResult) -> None:
        """Nobody wants it. Does not fail."""
        ...


@runtime_checkable
class Plugin(Protocol):
    """Looks at, or changes, every request before it is spoken and every answer before it is given.

    Both methods may be plain or async. What they raise of ``DanmuTTSError`` answers the caller; whatever else they
    raise is logged and the request goes on without them. One that never changes or refuses audio may say so by an
    attribute ``leaves_audio = True``: then it may be heard while it is made, before ``post_process`` sees it.
    """

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    @property
    def version(self) -> str:
        """Shown to operators."""
        ...

    def pre_process(self, request: SpeechRequest) -> SpeechRequest | Awaitable[SpeechRequest]:
        """Return the request, or another in its place (``dataclasses.replace``). Its deadline is already running."""
        ...

    def post_process(self, speech: Speech) -> Speech | Awaitable[Speech]:
        """Return the answer, or another in its place; it may come from the cache and is not put there again."""
        ...

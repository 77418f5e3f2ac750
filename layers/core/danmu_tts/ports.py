"""What the services need from the world: every port, on one screen.

Units are in the names. Adapters implement these by shape, without importing them.
"""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from danmu_tts.domain.access import KeyRecord
from danmu_tts.domain.audio import AudioChunk, AudioEncoding, AudioFormat, EncodedSpeech
from danmu_tts.domain.limits import Limit, Standing
from danmu_tts.domain.speech import Speech, SpeechRequest, Utterance
from danmu_tts.domain.spend import Cap, Entry, Total
from danmu_tts.domain.voices import Voice


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
        silence_limit_s: longest wait for the next piece of audio before it counts as stalled; None for an engine in
            this process, which is slow only where the machine is.
        usd_per_million_chars: list price.
        chars_per_hanzi: how many characters a Chinese one is billed as.
        side_by_side: calls of a vendor at once, and connections kept to it; more callers wait here.
    """

    native_pitch: bool = False
    native_volume: bool = False
    silence_limit_s: float | None = None
    usd_per_million_chars: float = 0.0
    chars_per_hanzi: int = 1
    side_by_side: int = 20


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
class Plugin(Protocol):
    """Looks at, or changes, every request before it is spoken and every answer before it is given.

    Both methods may be plain or async. What they raise of ``DanmuTTSError`` answers the caller; whatever else they
    raise is logged and the request goes on without them.
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


@dataclass(frozen=True, slots=True)
class CacheHit:
    """What was found and in which tier."""

    speech: EncodedSpeech
    tier: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is kept in place of audio where a voice will not speak a text: the ``reason`` and message of its error."""

    reason: str
    message: str


@runtime_checkable
class SpeechCache(Protocol):
    """A keyed store of finished audio. A failing store is a miss, never an error."""

    @property
    def name(self) -> str:
        """What an answer calls this tier, e.g. ``memory``."""
        ...

    async def get(self, key: str) -> CacheHit | Refusal | None:
        """Find what was stored under a key and has not expired. Only a ``RefusalCache`` answers with a refusal."""
        ...

    async def set(self, key: str, speech: EncodedSpeech) -> bool:
        """Store; False when it could not be kept (too large, no space)."""
        ...

    async def stats(self) -> dict[str, dict[str, int]]:
        """Tier name to ``entries``, ``bytes`` and ``max_bytes``, which is 0 where others set the limit."""
        ...


@runtime_checkable
class RefusalCache(SpeechCache, Protocol):
    """A cache that also remembers, for a while, what is not worth trying again."""

    async def refuse(self, key: str, refusal: Refusal) -> None:
        """Keep a refusal in place of audio."""
        ...


class TieredSpeechCache(RefusalCache, Protocol):
    """The tiers as one."""

    async def check(self) -> Mapping[str, str]:
        """Use each tier that can be tried, and tell what is wrong with those that fail."""
        ...

    async def close(self) -> None:
        """Finish what is being written, and give the tiers' connections back."""
        ...


class Flight(Protocol):
    """The making of one key's audio, as one asker sees it."""

    @property
    def leads(self) -> bool:
        """Whether this asker makes it."""
        ...

    async def land(self, outcome: bytes) -> None:
        """As its leader, tell the others how it ended, and let the key go."""
        ...

    async def landing(self, limit_s: float) -> bytes | None:
        """As one of the others, wait for the outcome; None where the leader died or the time is up.

        Raises StoreAwayError.
        """
        ...


class Flights(Protocol):
    """At most one maker a key among all processes."""

    async def enter(self, key: str) -> Flight:
        """Lead, where nobody does. Raises StoreAwayError."""
        ...


class SharedStore(Protocol):
    """What all processes share."""

    @property
    def status(self) -> Literal["ok", "away", "embedded"]:
        """``ok``, ``away``, or ``embedded`` where it is this process's own."""
        ...

    async def close(self) -> None:
        """Give its connections back."""
        ...


class CircuitBoard(Protocol):
    """Where processes tell one another which backends fail."""

    async def post(self, backend: str, left_s: float) -> None:
        """Tell that a backend is to be left alone for so long. Raises StoreAwayError."""
        ...

    async def read(self, backends: Sequence[str]) -> Mapping[str, float]:
        """Seconds for which each is to be left alone, of those that are. Raises StoreAwayError."""
        ...


class RateLimiter(Protocol):
    """Counts what is asked for."""

    async def take(self, limits: Sequence[Limit]) -> list[Standing]:
        """Take what a request costs from every limit and tell how each stands, in one step.

        Where one has too little, nothing is taken from any, and that one alone is told of. Raises StoreAwayError.
        """
        ...


class Ledger(Protocol):
    """Who has used up how much in which month."""

    async def enter(self, entry: Entry, caps: Sequence[Cap]) -> bool:
        """Add an entry in one step if that leaves every cap kept; a free one passes every cap.

        Raises StoreAwayError.
        """
        ...

    async def cancel(self, entry: Entry) -> None:
        """Take an entry back. Raises StoreAwayError."""
        ...

    async def report(self, month: str) -> Mapping[str, Total]:
        """Subject to what it has used up. Raises StoreAwayError."""
        ...


@dataclass(frozen=True, slots=True)
class AudioLink:
    """Where audio can be fetched without credentials, and until when (Unix seconds).

    ``url`` may be relative to the address under which the service itself is reached.
    """

    url: str
    expires_at: int


@runtime_checkable
class AudioLinks(Protocol):
    """Hands out short-lived URLs of stored audio."""

    async def link(self, key: str, speech: EncodedSpeech) -> AudioLink | None:
        """Make sure the audio is stored and name its URL; None where it cannot be stored now."""
        ...


class AudioFile(Protocol):
    """An audio file that a link may open."""

    @property
    def path(self) -> Path:
        """Where the file is."""
        ...

    @property
    def content_type(self) -> str:
        """Its media type, e.g. ``audio/mpeg``."""
        ...

    @property
    def etag(self) -> str:
        """Its strong entity tag, quotes included."""
        ...


class SignedAudioFiles(Protocol):
    """Opens the files behind the links that this process signs itself; on AWS, S3 does it."""

    def open_signed(self, key: str, *, expires: str, signature: str) -> AudioFile | None:
        """Return the file, or None where the signature is not that of the key and the time, or has expired.

        Args:
            key: the file's key, percent-decoded.
            expires: Unix seconds as sent; anything may have been.
            signature: hexadecimal as sent; anything may have been.

        Raises:
            FileNotFoundError: the signature is good and the file is gone.
        """
        ...


class KeyStore(Protocol):
    """Keeps the records of API keys. Whatever it holds that is no sound record is reported and counts as unknown."""

    async def get(self, key_id: str) -> KeyRecord | None:
        """Find a key by its id; None for an unknown one, whatever was asked for. Raises StoreAwayError."""
        ...

    async def put(self, record: KeyRecord) -> None:
        """Add a key, or replace the one of that id; all of it or nothing. Raises StoreAwayError."""
        ...

    async def list(self) -> Sequence[KeyRecord]:
        """All keys, revoked and expired ones too, by id. Raises StoreAwayError."""
        ...


class AudioEncoder(Protocol):
    """Turns one utterance's audio into a container. Not shared between utterances."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of what comes out."""
        ...

    def write(self, data: bytes) -> bytes:
        """Take what the backend made, in the encoding that this was opened for, and give what is ready."""
        ...

    def finish(self) -> bytes:
        """Give the rest. Nothing may be written afterwards. Raises BadAudioError for what cannot be decoded."""
        ...


class AudioEncoders(Protocol):
    """Opens encoders."""

    def open(
        self,
        audio_format: AudioFormat,
        source_rate_hz: int,
        source: AudioEncoding = AudioEncoding.PCM,
        *,
        volume: float,
        pitch_ratio: float,
    ) -> AudioEncoder:
        """Start an utterance. Raises UnsupportedFormatError where the encoder is not installed."""
        ...


class Metrics(Protocol):
    """Counts what happened."""

    def request(self, *, backend: str, status: str, duration_s: float) -> None:
        """Count one finished request; status is ``ok`` or an error code."""
        ...

    def attempt(self, *, backend: str, outcome: str, duration_s: float) -> None:
        """Count one call of a backend; outcome is ``ok``, an error's reason, or ``left`` where nobody waited for it."""
        ...

    def fallback(self, *, wanted: str, spoken: str) -> None:
        """Count an answer that another backend gave than the one that should have."""
        ...

    def first_audio(self, *, backend: str, seconds: float) -> None:
        """Observe how long a listener would have waited for the first sample."""
        ...

    def cache(self, *, tier: str) -> None:
        """Count a look-up; tier is the tier that had it, ``flight`` where it was just being made, or ``miss``."""
        ...

    def limited(self, *, of: str) -> None:
        """Count a request that was refused; ``of`` is whose limit it was."""
        ...

    def spent(self, *, backend: str, characters: int, usd: float) -> None:
        """Count what was made, as the backend bills it."""
        ...

    def render(self) -> tuple[bytes, str]:
        """All figures as text for a scraper, and its media type."""
        ...

"""What is asked of the service and what it answers."""

from dataclasses import dataclass
from enum import IntEnum

from danmu_tts.domain.access import ANONYMOUS, Principal
from danmu_tts.domain.audio import AudioFormat, Caption, EncodedSpeech
from danmu_tts.domain.limits import Allowance
from danmu_tts.domain.voices import Voice


class Priority(IntEnum):
    """Who goes first when all engines are busy; lower goes first."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


@dataclass(frozen=True, slots=True)
class Prosody:
    """How it is said.

    Attributes:
        speed: tempo, 0.25 to 4; 1 is the voice's own.
        pitch_semitones: -12 to 12; 0 is the voice's own.
        volume: linear gain, 0 to 2; 1 is the voice's own.
    """

    speed: float = 1.0
    pitch_semitones: float = 0.0
    volume: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no engine and no encoder could do; what a caller may ask for is narrower."""
        if not (0 < self.speed <= 16 and -24 <= self.pitch_semitones <= 24 and 0 <= self.volume <= 4):
            raise ValueError("speed, pitch or volume beyond all bounds")

    @property
    def pitch_ratio(self) -> float:
        """Frequency ratio of ``pitch_semitones`` in equal temperament."""
        return float(2 ** (self.pitch_semitones / 12))


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One text to be spoken; every field but the text may be left to the service.

    Attributes:
        voice: voice id, bare name or alias.
        backend: who is to speak, if it can.
        language: BCP 47 tag; the text decides when None.
        style: a manner of speaking by name (``cheerful``) or in words; voices that cannot follow it ignore it.
        deadline_ms: counted from the moment the service takes the request; None takes the configured one.
        principal: who asks.
        viewer: whose words they are, where somebody asks for others.
        room_monthly_usd: what paid voices may cost the room in a calendar month; None for as much as its key may spend.
    """

    text: str
    voice: str | None = None
    backend: str | None = None
    language: str | None = None
    format: AudioFormat = AudioFormat.MP3
    prosody: Prosody = Prosody()
    priority: Priority = Priority.NORMAL
    deadline_ms: int | None = None
    room: str | None = None
    style: str | None = None
    principal: Principal = ANONYMOUS
    viewer: str | None = None
    room_monthly_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a backend is given: cleaned text, a voice of its own, and how to say it.

    Attributes:
        tempo: what the engine must multiply its own tempo by; includes what a later pitch shift will take away.
        pitch_semitones: 0 unless the backend shifts pitch itself.
        volume: linear gain; 1 unless the backend sets volume itself.
        style: None unless the voice knows it.
        language: BCP 47; "" unless the backend has to be told.
        room: whose turn it is, where it is sent elsewhere.
        budget_s: in so many seconds somebody else is asked; who sends it elsewhere says so there.
    """

    text: str
    voice: Voice
    tempo: float = 1.0
    priority: Priority = Priority.NORMAL
    pitch_semitones: float = 0.0
    volume: float = 1.0
    style: str | None = None
    language: str = ""
    room: str | None = None
    budget_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """Words for one voice, or for none: then a tone is heard in their place."""

    text: str
    voice: Voice | None


@dataclass(frozen=True, slots=True)
class Script:
    """Who says what of a text.

    Attributes:
        voice: whose line it is: it answers for the whole, and says what no other voice can.
        parts: in order; together they are the text.
        language: BCP 47; "" unless the backend of the voice has to be told.
    """

    voice: Voice
    parts: tuple[Part, ...]
    language: str = ""

    @classmethod
    def of(cls, text: str, voice: Voice) -> "Script":
        """One voice says it all."""
        return cls(voice, (Part(text, voice),))

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(part.text for part in self.parts)

    @property
    def own_text(self) -> str:
        """What the line's own voice says."""
        return "".join(part.text for part in self.parts if part.voice == self.voice)

    @property
    def is_joined(self) -> bool:
        """Whether it is more than one voice's words."""
        return any(part.voice != self.voice for part in self.parts)


@dataclass(frozen=True, slots=True)
class Fallback:
    """Why another voice speaks than the one that should have.

    Attributes:
        voice: id of the voice that should have spoken.
        reason: ``reason`` of the error that it failed with.
    """

    voice: str
    reason: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds from the moment the service took the request."""

    first_audio_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Speech:
    """The answer.

    Attributes:
        id: names this answer in logs and to the caller.
        key: cache key; the same sound has the same key.
        cached: the cache tier that had it, ``flight`` where it was being made for somebody else, or None when it was
            made now.
        captions: what is shown of the request's text while it is heard; those in ``encoded`` have the spoken words.
        cost_usd: what the backend charges for making it; 0 for a cache hit and for local voices.
        fallback: set where another voice was to speak.
        allowances: what the caller has left of each limit.
    """

    id: str
    key: str
    encoded: EncodedSpeech
    cached: str | None
    timings: Timings
    cost_usd: float = 0.0
    fallback: Fallback | None = None
    allowances: tuple[Allowance, ...] = ()
    captions: tuple[Caption, ...] = ()

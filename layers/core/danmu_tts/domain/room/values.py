"""What a room's policy decides about."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

TAG_CHARS = 8


class Kind(StrEnum):
    """What a viewer did."""

    DANMU = "danmu"
    GIFT = "gift"
    SUPERCHAT = "superchat"
    GUARD = "guard"
    FOLLOW = "follow"


class Rank(IntEnum):
    """How much an utterance is worth; the higher goes first."""

    PLAIN = 0
    MEDAL = 1
    GIFT = 2
    GUARD = 3
    SUPERCHAT = 4
    ASKED = 5
    """The streamer wants to hear it again."""

    @property
    def is_paid(self) -> bool:
        """Whether somebody waits for it who paid; such are never dropped for what is free."""
        return self >= Rank.GIFT


class Reason(StrEnum):
    """Why a danmu was dropped."""

    KIND_OFF = "kind_off"
    AUDIENCE = "audience"
    SAMPLED = "sampled"
    BLOCKED_VIEWER = "blocked_viewer"
    BLOCKED_WORD = "blocked_word"
    CONTENT_BLOCKED = "content_blocked"
    NOTHING_TO_SAY = "nothing_to_say"
    MIRROR = "mirror"
    DUPLICATE = "duplicate"
    RETRACTED = "retracted"
    """It had been taken back before it came."""
    TOO_LONG = "too_long"
    VIEWER_LIMIT = "viewer_limit"
    """The viewer's own newer danmu took its place."""
    QUEUE_FULL = "queue_full"
    EXPIRED = "expired"
    CLEARED = "cleared"
    SKIPPED = "skipped"
    PLAYER_GONE = "player_gone"
    FAILED = "failed"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    """It was not made in time."""
    RATE_LIMITED = "rate_limited"
    BUDGET_EXHAUSTED = "budget_exhausted"
    NO_BACKEND_AVAILABLE = "no_backend_available"


class Audience(StrEnum):
    """Whose plain danmu are spoken."""

    EVERYONE = "everyone"
    MEDAL = "medal"
    GUARD = "guard"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Words:
    """What a listener is told of an utterance, beside its sound.

    Attributes:
        text: as it was written.
        hidden: the same with asterisks for what the filter hides; empty where it hides nothing.
        language: primary subtag of what is said.
    """

    name: str = ""
    text: str = ""
    hidden: str = ""
    language: str = ""
    gift: str = ""
    amount: float = 0.0
    currency: str = ""
    emotes: Mapping[str, str] = field(default_factory=dict)
    picture: str | None = None
    reply_to: str = ""

    @property
    def shown(self) -> str:
        """What others may see of the text."""
        return self.hidden or self.text


@dataclass(frozen=True, slots=True)
class Danmu:
    """One event, read: all that the policy asks of it.

    Attributes:
        id: unique in the room.
        viewer: the platform's id of who did it; empty where nobody is known.
        key: equal for those that say the same; empty for what is never merged.
        weight: syllables of all that will be said.
        voice: who will say it; empty where that is not known yet.
        count: how many gifts, or months; 1 for all others.
        medal: level of the room's medal that the viewer wears; 0 for none.
        paid: whether money was paid for it.
        settle_ms: after so long without another of its key, no more will come.
        sent_at_ms: Unix milliseconds by the platform's clock; None where it did not say.
        refused: why it may not be spoken, by what it says.
    """

    id: str
    kind: Kind
    viewer: str
    words: Words
    key: str = ""
    weight: float = 1.0
    voice: str = ""
    count: int = 1
    medal: int = 0
    guard: int = 0
    paid: bool = False
    settle_ms: int = 0
    sent_at_ms: int | None = None
    refused: Reason | None = None

    @property
    def rank(self) -> Rank:
        """By its kind; a gift that cost nothing is worth no more than a word, and a word that cost something a gift."""
        match self.kind:
            case Kind.SUPERCHAT:
                return Rank.SUPERCHAT
            case Kind.GUARD:
                return Rank.GUARD
            case _ if self.paid:
                return Rank.GIFT
            case Kind.DANMU if self.medal or self.guard:
                return Rank.MEDAL
        return Rank.PLAIN


@dataclass(frozen=True, slots=True)
class RoomRules:
    """How a room is read; see ``speech_contract.rooms.RoomSettings``. Times are milliseconds."""

    kinds: frozenset[Kind] = frozenset(Kind) - {Kind.FOLLOW}
    audience: Audience = Audience.EVERYONE
    medal_from: int = 1
    every_nth: int = 1
    blocked_viewers: frozenset[str] = frozenset()
    deadlines_ms: Mapping[Kind, int] = field(
        default_factory=lambda: {
            Kind.DANMU: 15_000,
            Kind.GIFT: 60_000,
            Kind.SUPERCHAT: 600_000,
            Kind.GUARD: 600_000,
            Kind.FOLLOW: 15_000,
        }
    )
    merge_window_ms: int = 10_000
    waiting_ms: int = 30_000
    longest_ms: int = 15_000
    per_viewer: int = 3
    speed: float = 1.0


@dataclass(slots=True)
class RoomUtterance:
    """What will be spoken for one or more danmu. Times are Unix milliseconds by the room's clock.

    Attributes:
        id: the first danmu's.
        viewer: the first danmu's; it speaks for that viewer.
        first_ms: when the first danmu came.
        last_ms: when the last one came that was merged into it.
        deadline_ms: not to be begun after it.
        settles_ms: not to be spoken before it; more of the same may come.
        count: how many danmu, or gifts, it stands for.
        people: how many viewers these are of.
        members: id, tag of the viewer and count of each danmu that is in it, of the first ``MOST_MEMBERS``.
    """

    id: str
    kind: Kind
    rank: Rank
    key: str
    viewer: str
    words: Words
    weight: float
    voice: str
    first_ms: int
    last_ms: int
    deadline_ms: int
    settles_ms: int
    predicted_ms: int
    count: int
    people: int
    members: list[tuple[str, str, int]]


MOST_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a danmu when it came.

    Attributes:
        into: the utterance that it is, or was merged into; None where it was dropped.
        merged: whether that utterance was there before.
        count: of the utterance.
        reason: why it was dropped.
    """

    id: str
    into: str | None = None
    merged: bool = False
    count: int = 0
    reason: Reason | None = None


def tag(text: str) -> str:
    """Eight characters that stand for a name: 48 bits of a hash."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return urlsafe_b64encode(digest).decode("ascii")

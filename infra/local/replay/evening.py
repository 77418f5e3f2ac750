"""What came of a recording that was replayed, and the figures that say it."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

PAID_RANKS = ("superchat", "guard", "gift")


@dataclass(frozen=True, slots=True)
class SpokenOnce:
    """An utterance that was heard.

    Attributes:
        at_s: when its sound began, seconds from the beginning of the recording.
        duration_s: of its sound, in seconds of the recording.
        lateness_ms: from when it could have been spoken (its first danmu came; a combo settled) to its sound.
        rank: superchat, guard, gift, medal or plain.
        danmu: how many danmu it stands for; more than 1 where equal ones were merged.
    """

    at_s: float
    duration_s: float
    lateness_ms: float
    rank: str = "plain"
    danmu: int = 1


@dataclass(frozen=True, slots=True)
class Evening:
    """A replay, once it is over. All times are of the recording, however fast it was replayed.

    Attributes:
        title: what it is called, such as the name of the file.
        length_s: from the first event to the end of the last sound.
        arrivals_s: when each event came, in any order.
        spoken: what was heard, in any order.
        backlog: seconds, and milliseconds of predicted speech that waits from then on; by time.
        dropped: reason to how many danmu were dropped by it.
        merged: danmu that were merged into one that waited or was heard.
        retracted: danmu that were taken back.
        past_deadline: utterances whose sound began after their deadline; there ought to be none.
        idle_share: of the time in which something waited that could be spoken, the share without a sound; 0 to 1.
        cost_usd: of paid voices, at list price.
        speed: how much faster than in life it was replayed; not of a virtual one.
        virtual: nothing was made or played, only decided: how long speech takes is predicted.
        limit_ms: speech that may wait unpaid, by the settings; None leaves it out.
    """

    title: str
    length_s: float
    arrivals_s: Sequence[float]
    spoken: Sequence[SpokenOnce]
    backlog: Sequence[tuple[float, float]]
    dropped: Mapping[str, int] = field(default_factory=dict)
    merged: int = 0
    retracted: int = 0
    past_deadline: int = 0
    idle_share: float = 0.0
    cost_usd: float = 0.0
    speed: float = 1.0
    virtual: bool = False
    limit_ms: float | None = None

    @property
    def speaking_s(self) -> float:
        """Seconds of sound."""
        return sum(each.duration_s for each in self.spoken)

    @property
    def busiest_minute(self) -> int:
        """The most events in one of the minutes from the beginning."""
        return max(Counter(int(at_s // 60) for at_s in self.arrivals_s).values(), default=0)

    def lateness_ms(self, ranks: Iterable[str] | None = None) -> list[float]:
        """Of each that was heard, or of these ranks only."""
        wanted = None if ranks is None else set(ranks)
        return [each.lateness_ms for each in self.spoken if wanted is None or each.rank in wanted]


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The value that ``percent`` (1 to 99) of all are not above, between neighbours in proportion; None of none.

    As ``statistics.quantiles`` has it, with the least and the greatest value as the ends.
    """
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def figures(evening: Evening) -> list[tuple[str, str]]:
    """What to say of an evening, each with its name."""
    came, dropped = len(evening.arrivals_s), sum(evening.dropped.values())
    most_ms = max((waiting_ms for _, waiting_ms in evening.backlog), default=0.0)
    share = evening.speaking_s / evening.length_s if evening.length_s else 0.0
    return [
        ("Came", f"{came:,} in {duration(evening.length_s)}; {evening.busiest_minute:,} in the busiest minute"),
        ("Heard", f"{sum(each.danmu for each in evening.spoken):,} danmu in {len(evening.spoken):,} utterances"),
        ("Merged into another", f"{evening.merged:,}"),
        ("Let go", f"{dropped:,} ({_percent(dropped / came if came else 0.0)})"),
        ("Taken back", f"{evening.retracted:,}"),
        ("From arrival to sound", _lateness(evening.lateness_ms())),
        ("The same, of paid ones", _lateness(evening.lateness_ms(PAID_RANKS))),
        ("Begun after their deadline", f"{evening.past_deadline:,}"),
        ("Speech", f"{duration(evening.speaking_s)}, {_percent(share)} of the time"),
        ("Silent while something waited", _percent(evening.idle_share)),
        ("Most that waited", f"{seconds(most_ms)} of speech"),
        ("Paid voices", f"${evening.cost_usd:,.4f}"),
        ("Replayed", pace(evening)),
    ]


def pace(evening: Evening) -> str:
    """In virtual time, in real time, or how much faster."""
    if evening.virtual:
        return "in virtual time; speech is predicted"
    return "in real time" if math.isclose(evening.speed, 1) else f"{evening.speed:g} times as fast as in life"


def duration(length_s: float) -> str:
    """``4 h 07 min``, ``3 min 20 s`` or ``12 s``."""
    whole = round(length_s)
    if whole >= 3600:
        hours, minutes = divmod(round(length_s / 60), 60)
        return f"{hours} h {minutes:02} min"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def seconds(milliseconds: float) -> str:
    """``0.84 s``, ``12.3 s`` or ``140 s``."""
    value = milliseconds / 1000
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s" if value < 100 else f"{value:,.0f} s"


def _lateness(values: Sequence[float]) -> str:
    marks = [(name, percentile(values, percent)) for name, percent in (("median", 50), ("95 %", 95), ("99 %", 99))]
    known = [f"{name} {seconds(value)}" for name, value in marks if value is not None]
    return " · ".join([*known, f"longest {seconds(max(values))}"]) if values else "–"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"

"""The picture of an evening, as SVG: what came and what was heard, when speech sounded, what waited, and how late.

All panels have the same time below them. Colours are CSS classes, given by ``STYLE`` for light and dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from infra.local.replay.evening import PAID_RANKS, Evening, duration, percentile, seconds

WIDTH = 880
_LEFT, _RIGHT, _TOP = 58, 18, 112
_PLOT = WIDTH - _LEFT - _RIGHT
_ARRIVALS, _STRIP, _BACKLOG, _LATENESS, _BETWEEN, _AXIS = 150, 14, 84, 84, 40, 46
HEIGHT = _TOP + _ARRIVALS + _STRIP + _BACKLOG + _LATENESS + 3 * _BETWEEN + _AXIS
_MOST_BUCKETS = 260
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_MINUTELY_FROM_S = 1200

STYLE = """
.e-ground{fill:#fff;stroke:#dde2df}.e-ink{fill:#1a1f1d}.e-soft{fill:#5b6662}.e-grid{stroke:#e6eae8}
.e-base{stroke:#a9b5b0}.e-came{fill:#cfdad6}.e-heard{fill:#0b7268}.e-strip{fill:#eef2f0}.e-speech{fill:#0b7268}
.e-wait{fill:#8a5a00;fill-opacity:.14;stroke:none}.e-wait-line{fill:none;stroke:#a86e00}.e-limit{stroke:#a86e00}
.e-band{fill:#0b6f8c;fill-opacity:.16}.e-median{fill:none;stroke:#0b6f8c}.e-superchat{fill:#c9520c}
.e-guard{fill:#6a4bd0}.e-gift{fill:#c22f7c}
@media (prefers-color-scheme:dark){.e-ground{fill:#161b19;stroke:#2c3532}.e-ink{fill:#e8edeb}.e-soft{fill:#9fada8}
.e-grid{stroke:#262e2b}.e-base{stroke:#55625d}.e-came{fill:#3b4743}.e-heard{fill:#4fc3b4}.e-strip{fill:#232b28}
.e-speech{fill:#4fc3b4}.e-wait{fill:#e8b75c}.e-wait-line{stroke:#e8b75c}.e-limit{stroke:#e8b75c}
.e-band{fill:#7fd0ea}.e-median{stroke:#7fd0ea}.e-superchat{fill:#ffb27a}.e-guard{fill:#b9a6ff}.e-gift{fill:#ff9cc9}}
.e-text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC",sans-serif}
.e-grid,.e-base,.e-limit{stroke-width:1;shape-rendering:crispEdges}.e-limit{stroke-dasharray:4 3}
.e-wait-line,.e-median{stroke-width:1.4;stroke-linejoin:round}
"""


def picture(evening: Evening, *, standalone: bool) -> str:
    """An ``<svg>``. A standalone one brings its style, its own ground and its title along."""
    time = _Time(max(evening.length_s, 1.0))
    parts = [_arrivals(evening, time, _TOP)]
    top = _TOP + _ARRIVALS + _BETWEEN
    parts.append(_speech(evening, time, top))
    top += _STRIP + _BETWEEN
    parts.append(_backlog(evening, time, top))
    top += _BACKLOG + _BETWEEN
    parts.append(_lateness(evening, time, top))
    parts.append(_time_axis(time, _TOP, top + _LATENESS))
    ground = f'<rect class="e-ground" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="14"/>'
    said = escape(f"{evening.title}: {headline(evening)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{said}" class="e-text"><title>{said}</title>'
        + (f"<style>{STYLE}</style>{ground}" if standalone else "")
        + _heading(evening)
        + "".join(parts)
        + "</svg>"
    )


def headline(evening: Evening) -> str:
    """The evening in a line."""
    heard = sum(each.danmu for each in evening.spoken)
    median = percentile(evening.lateness_ms(), 50)
    late = f", half of those within {seconds(median)}" if median is not None else ""
    return f"{len(evening.arrivals_s):,} danmu in {duration(evening.length_s)}; {heard:,} of them heard{late}"


@dataclass(frozen=True, slots=True)
class _Time:
    """The axis that all panels share, and the buckets that are as wide as some pixels of it."""

    length_s: float

    @property
    def bucket_s(self) -> float:
        return _step(self.length_s / _MOST_BUCKETS)

    @property
    def buckets(self) -> int:
        return math.ceil(self.length_s / self.bucket_s)

    def bucket(self, at_s: float) -> int:
        return min(max(int(at_s / self.bucket_s), 0), self.buckets - 1)

    def x(self, at_s: float) -> float:
        return _LEFT + _PLOT * min(max(at_s / self.length_s, 0.0), 1.0)

    def edge(self, bucket: int) -> float:
        return self.x(bucket * self.bucket_s)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values from 0, upwards from the bottom of a panel."""

    top: float
    height: float
    most: float

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - min(max(value / self.most, 0.0), 1.0))

    def grid(self, unit: str, wanted: int) -> str:
        step = _round_step(self.most / wanted)
        values = [step * each for each in range(1, math.floor(self.most / step + 1e-9) + 1)]
        lines = "".join(
            f'<path class="e-grid" d="M{_LEFT} {_n(self.y(each))}h{_PLOT}"/>'
            + _text(_LEFT - 8, self.y(each) + 4, f"{each:g}{unit}", "e-soft", 11, "end")
            for each in values
        )
        return lines + f'<path class="e-base" d="M{_LEFT} {_n(self.top + self.height)}h{_PLOT}"/>'


def _heading(evening: Evening) -> str:
    title = evening.title if len(evening.title) <= 60 else f"{evening.title[:59]}…"
    return _text(24, 38, title, "e-ink", 19, weight=650) + _text(24, 60, headline(evening), "e-soft", 13)


def _arrivals(evening: Evening, time: _Time, top: float) -> str:
    minutely = time.length_s >= _MINUTELY_FROM_S
    per = (60 if minutely else 1) / time.bucket_s
    came, heard = [0.0] * time.buckets, [0.0] * time.buckets
    for at_s in evening.arrivals_s:
        came[time.bucket(at_s)] += per
    for each in evening.spoken:
        heard[time.bucket(each.at_s - each.lateness_ms / 1000)] += each.danmu * per
    scale = _Scale(top, _ARRIVALS, max([1.0, *came, *heard]))
    legend = _legend(top, [("e-came", "let go"), ("e-heard", "heard, or merged into what was")])
    return (
        _panel_title(top, f"Danmu that came, a {'minute' if minutely else 'second'}")
        + legend
        + scale.grid("", 4)
        + _area(time, scale, came, "e-came")
        + _area(time, scale, [min(pair) for pair in zip(heard, came, strict=True)], "e-heard")
        + _peak(time, scale, came)
    )


def _peak(time: _Time, scale: _Scale, values: Sequence[float]) -> str:
    """The highest of them, written beside its top."""
    most = max(values)
    bucket = values.index(most)
    left = time.edge(bucket) > _LEFT + _PLOT / 2
    x = time.edge(bucket) - 5 if left else time.edge(bucket + 1) + 5
    label = _text(x, scale.y(most) + 9, f"{most:,.0f}", "e-soft", 11, "end" if left else "start")
    return label if most else ""


def _speech(evening: Evening, time: _Time, top: float) -> str:
    sounding = [0.0] * time.buckets
    for each in evening.spoken:
        at_s, left_s = each.at_s, each.duration_s
        while left_s > 0 and at_s < time.length_s:
            part_s = min(left_s, (time.bucket(at_s) + 1) * time.bucket_s - at_s) or left_s
            sounding[time.bucket(at_s)] += part_s / time.bucket_s
            at_s, left_s = at_s + part_s, left_s - part_s
    cells = "".join(
        f'<rect class="e-speech" x="{_n(time.edge(each))}" y="{_n(top)}" '
        f'width="{_n(time.edge(each + 1) - time.edge(each) + 0.3)}" height="{_STRIP}" opacity="{min(share, 1):.2f}"/>'
        for each, share in enumerate(sounding)
        if share >= 0.005
    )
    ground = f'<rect class="e-strip" x="{_LEFT}" y="{_n(top)}" width="{_PLOT}" height="{_STRIP}"/>'
    spoken = f"{duration(evening.speaking_s)} in all"
    return _panel_title(top, "Speech: full colour is all of the time", spoken) + ground + cells


def _backlog(evening: Evening, time: _Time, top: float) -> str:
    waiting = [0.0] * time.buckets
    last, reached = 0.0, 0
    for at_s, waiting_ms in evening.backlog:
        bucket = time.bucket(at_s)
        for each in range(reached, bucket + 1):
            waiting[each] = max(waiting[each], last)
        last, reached = waiting_ms / 1000, bucket
        waiting[bucket] = max(waiting[bucket], last)
    limit_s = evening.limit_ms / 1000 if evening.limit_ms else 0.0
    scale = _Scale(top, _BACKLOG, max([1.0, limit_s * 1.15, *waiting]))
    limit, aside = "", ""
    if limit_s:
        limit = f'<path class="e-limit" d="M{_LEFT} {_n(scale.y(limit_s))}h{_PLOT}"/>'
        aside = f"dashed: at most {limit_s:g} s of unpaid"
    return (
        _panel_title(top, "Speech that waits, at its most", aside)
        + scale.grid(" s", 4)
        + _area(time, scale, waiting, "e-wait")
        + f'<path class="e-wait-line" d="{_steps(time, scale, waiting)}"/>'
        + limit
    )


def _lateness(evening: Evening, time: _Time, top: float) -> str:
    late: list[list[float]] = [[] for _ in range(time.buckets)]
    for each in evening.spoken:
        late[time.bucket(each.at_s)].append(each.lateness_ms / 1000)
    medians = [percentile(each, 50) for each in late]
    high = [percentile(each, 95) or 0.0 for each in late]
    paid = [each for each in evening.spoken if each.rank in PAID_RANKS]
    paid_most = percentile([each.lateness_ms / 1000 for each in paid], 99) or 0.0
    scale = _Scale(top, _LATENESS, max([1.0, paid_most, *high]))
    dots = "".join(
        f'<circle class="e-{each.rank}" r="3" cx="{_n(time.x(each.at_s))}" '
        f'cy="{_n(scale.y(each.lateness_ms / 1000))}"/>'
        for each in paid
    )
    ranks = [(f"e-{rank}", rank) for rank in PAID_RANKS if any(each.rank == rank for each in paid)]
    return (
        _panel_title(top, "From arrival to sound: median, and up to 95 %")
        + _legend(top, ranks, "●")
        + scale.grid(" s", 3)
        + _area(time, scale, high, "e-band")
        + f'<path class="e-median" d="{_steps(time, scale, medians)}"/>'
        + dots
    )


def _time_axis(time: _Time, top: float, bottom: float) -> str:
    step = _step(time.length_s / 9)
    ticks = [each * step for each in range(math.floor(time.length_s / step) + 1)]
    lines = "".join(f'<path class="e-grid" d="M{_n(time.x(each))} {_n(bottom)}v5"/>' for each in ticks)
    labels = "".join(_text(time.x(each), bottom + 20, _clock(each, step), "e-soft", 11, "middle") for each in ticks)
    unit = "minutes:seconds" if step < 60 else "hours:minutes"
    name = _text(WIDTH - _RIGHT, bottom + 36, f"time of the recording, {unit}", "e-soft", 11, "end")
    return lines + labels + name


def _clock(at_s: float, step: float) -> str:
    larger, smaller = divmod(round(at_s if step < 60 else at_s / 60), 60)
    return f"{larger}:{smaller:02}"


def _panel_title(top: float, title: str, aside: str = "") -> str:
    beside = _text(WIDTH - _RIGHT, top - 11, aside, "e-soft", 12, "end") if aside else ""
    return _text(24, top - 11, title, "e-ink", 12.5, weight=600) + beside


def _legend(top: float, entries: Sequence[tuple[str, str]], mark: str = "■") -> str:
    """To the right. One text, so that the reader's font, whatever it is, places the marks."""
    parts = (
        f'<tspan class="{style}" dx="{14 if place else 0}">{mark}</tspan><tspan dx="4">{escape(name)}</tspan>'
        for place, (style, name) in enumerate(entries)
    )
    x, y = WIDTH - _RIGHT, _n(top - 11)
    return f'<text class="e-soft" x="{x}" y="{y}" font-size="12" text-anchor="end">{"".join(parts)}</text>'


def _area(time: _Time, scale: _Scale, values: Sequence[float], style: str) -> str:
    bottom = _n(scale.top + scale.height)
    return f'<path class="{style}" d="M{_LEFT} {bottom}{_steps(time, scale, values, "L")}V{bottom}Z"/>'


def _steps(time: _Time, scale: _Scale, values: Sequence[float | None], first: str = "M") -> str:
    """A line of steps, which begins anew after a bucket without a value."""
    parts: list[str] = []
    begin = True
    for bucket, value in enumerate(values):
        if value is None:
            begin = True
            continue
        move = f"{first}{_n(time.edge(bucket))} {_n(scale.y(value))}" if begin else f"V{_n(scale.y(value))}"
        parts.append(f"{move}H{_n(time.edge(bucket + 1))}")
        begin = False
    return "".join(parts)


def _text(x: float, y: float, content: str, style: str, size: float, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text class="{style}" x="{_n(x)}" y="{_n(y)}" font-size="{size:g}" text-anchor="{anchor}"'
        f' font-weight="{weight}">{escape(content)}</text>'
    )


def _step(least: float) -> float:
    """A whole step of a clock, of so many seconds at least."""
    return next((float(each) for each in _STEPS_S if each >= least), math.ceil(least / 86_400) * 86_400.0)


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least that much."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= least * 0.999)


def _n(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")

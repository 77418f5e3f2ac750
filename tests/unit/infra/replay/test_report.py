import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from danmu_tts.domain.room.values import Reason
from infra.local.replay.evening import duration, figures, seconds
from infra.local.replay.report import Evening, SpokenOnce, html, in_words, percentile, summary_table, svg

HOSTILE = """<script>alert('1')</script> & "[bold]" $title"""


def an_evening(**given: object) -> Evening:
    spoken = [
        SpokenOnce(at_s=2.0, duration_s=3.0, lateness_ms=500),
        SpokenOnce(at_s=6.0, duration_s=2.0, lateness_ms=1500, danmu=3),
        SpokenOnce(at_s=100.0, duration_s=4.0, lateness_ms=900, rank="superchat"),
    ]
    known: dict[str, object] = {
        "title": "晚上.jsonl",
        "length_s": 120.0,
        "arrivals_s": [1.5, 4.5, 4.6, 5.0, 8.0, 99.1],
        "spoken": spoken,
        "backlog": [(1.5, 3000.0), (2.0, 0.0), (4.5, 2000.0), (6.0, 0.0), (99.1, 4000.0), (100.0, 0.0)],
        "dropped": {"queue_full": 1, "expired": 2},
        "merged": 2,
        "idle_share": 0.004,
        "limit_ms": 30_000.0,
    }
    return Evening(**{**known, **given})  # type: ignore[arg-type]


def nothing_at_all() -> Evening:
    return Evening(title="", length_s=0.0, arrivals_s=[], spoken=[], backlog=[])


def figure(evening: Evening, name: str) -> str:
    return dict(figures(evening))[name]


def terminal(evening: Evening) -> str:
    console = Console(width=110, force_terminal=False)
    with console.capture() as captured:
        console.print(summary_table(evening))
    return captured.get()


def elements(drawn: str) -> Iterator[ElementTree.Element]:
    return ElementTree.fromstring(drawn).iter()  # noqa: S314 - our own


def numbers(drawn: str) -> list[float]:
    found: list[float] = []
    for element in elements(drawn):
        for name in ("x", "y", "cx", "cy", "d", "width", "height"):
            found += [float(each) for each in re.findall(r"-?[0-9.]+", element.get(name, ""))]
    return found


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [([], 50, None), ([7.0], 99, 7.0), ([1.0, 3.0], 50, 2.0), (list(range(101)), 95, 95.0), ([5.0] * 9, 99, 5.0)],
)
def test_a_percentile(values: list[float], percent: int, found: float | None) -> None:
    assert percentile(values, percent) == found


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 99))
def test_a_percentile_is_among_the_values(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found is not None
    assert min(values) <= found * (1 + 1e-9) + 1e-9
    assert found <= max(values) * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize(
    ("length_s", "said"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3600, "1 h 00 min"), (14_829, "4 h 07 min")],
)
def test_a_duration(length_s: float, said: str) -> None:
    assert duration(length_s) == said


@pytest.mark.parametrize(("ms", "said"), [(0, "0.00 s"), (843, "0.84 s"), (12_340, "12.3 s"), (1_234_567, "1,235 s")])
def test_seconds(ms: float, said: str) -> None:
    assert seconds(ms) == said


def test_the_figures() -> None:
    evening = an_evening()
    assert figure(evening, "Came") == "6 in 2 min 00 s; 5 in the busiest minute"
    assert figure(evening, "Heard") == "5 danmu in 3 utterances"
    assert figure(evening, "Let go") == "3 (50.0 %)"
    assert figure(evening, "From arrival to sound").startswith("median 0.90 s · 95 % 1.44 s")
    assert figure(evening, "The same, of paid ones") == "median 0.90 s · 95 % 0.90 s · 99 % 0.90 s · longest 0.90 s"
    assert figure(evening, "Speech") == "9 s, 7.5 % of the time"
    assert figure(evening, "Silent while something waited") == "0.4 %"
    assert figure(evening, "Most that waited") == "4.00 s of speech"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"virtual": True}, "in virtual time; speech is predicted"),
        ({}, "in real time"),
        ({"speed": 20.0}, "20 times as fast as in life"),
    ],
)
def test_how_it_was_replayed(given: dict[str, object], said: str) -> None:
    assert figure(an_evening(**given), "Replayed") == said


def test_the_table_has_all_figures_and_the_reasons_in_words() -> None:
    shown = terminal(an_evening())
    for name, value in figures(an_evening()):
        assert name in shown
        assert value in shown
    assert shown.index("2 let go") < shown.index("1 let go")
    assert in_words("expired") in shown


def test_every_reason_has_words() -> None:
    assert [reason for reason in Reason if in_words(reason) == reason.value] == []
    assert in_words("as_yet_unknown") == "as_yet_unknown"


def test_the_page_is_whole() -> None:
    page = html(an_evening())
    assert page.startswith("<!doctype html>")
    assert re.findall(r"<script|<link|src=|href=|url\(|@import", page) == []
    assert page.count("<svg") == 1
    assert "$" not in page.replace("$0.0000", "")
    assert "prefers-color-scheme: dark" in page
    for _, value in figures(an_evening()):
        assert value in page


def test_the_page_says_why_danmu_were_let_go_the_commonest_first() -> None:
    page = html(an_evening())
    assert page.index(in_words("expired")) < page.index(in_words("queue_full"))
    assert "67&nbsp;%" in page
    assert "None was." in html(an_evening(dropped={}))


def test_nothing_hostile_gets_out_of_its_place() -> None:
    evening = an_evening(title=HOSTILE, dropped={HOSTILE: 1})
    for page in (html(evening), svg(evening)):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    assert "[bold]" in terminal(evening)
    assert HOSTILE in next(elements(svg(evening))).get("aria-label", "")


def test_the_picture_stands_alone() -> None:
    drawn = svg(an_evening())
    root, *rest = elements(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [each.tag.rpartition("}")[2] for each in rest[:3]] == ["title", "style", "rect"]
    assert re.findall(r"<script|href|url\(|@import|<image|<foreignObject", drawn) == []


def test_the_picture_has_its_axes_and_legends_labelled() -> None:
    said = {each.text for each in elements(svg(an_evening())) if each.text}
    assert {"Danmu that came, a second", "Speech that waits, at its most", "dashed: at most 30 s of unpaid"} <= said
    assert {"heard, or merged into what was", "superchat", "time of the recording, minutes:seconds"} <= said
    assert {"0:00", "0:30", "2:00"} <= said


def test_hours_are_shown_by_the_minute() -> None:
    said = {each.text for each in elements(svg(an_evening(length_s=14_829.0)))}
    assert {"Danmu that came, a minute", "time of the recording, hours:minutes", "4:00"} <= said


def test_a_paid_one_is_a_dot_where_and_as_late_as_it_was_heard() -> None:
    (dot,) = [each for each in elements(svg(an_evening())) if each.get("class") == "e-superchat" and each.get("r")]
    assert float(dot.get("cx", "")) == pytest.approx(58 + 804 * 100 / 120, abs=0.1)


def test_colours_exist_for_all_that_is_drawn() -> None:
    spoken = [SpokenOnce(1.0, 1.0, 1.0, rank) for rank in ("superchat", "guard", "gift", "medal", "plain")]
    drawn = svg(an_evening(spoken=spoken))
    used = {name for each in elements(drawn) for name in each.get("class", "").split()}
    assert {name for name in used if f".{name}{{" not in drawn.replace(",", "{")} == set()


@pytest.mark.parametrize("evening", [nothing_at_all(), an_evening(spoken=[]), an_evening(length_s=1.0)])
def test_an_evening_without_anything_is_drawn_too(evening: Evening) -> None:
    assert html(evening)
    assert terminal(evening)
    assert all(-2000 < each < 2000 for each in numbers(svg(evening)))


def test_a_long_title_is_cut_in_the_picture_and_told_whole() -> None:
    drawn = svg(an_evening(title="长" * 200))
    assert "长" * 59 + "…" in drawn
    assert "长" * 200 in drawn


def test_a_picture_of_hours_is_small() -> None:
    arrivals = [each * 0.5 for each in range(40_000)]
    spoken = [SpokenOnce(each * 4.0, 3.0, 900.0 + each % 7 * 300) for each in range(5000)]
    backlog = [(each, 1000.0 * (each % 30)) for each in range(20_000)]
    evening = an_evening(length_s=20_000.0, arrivals_s=arrivals, spoken=spoken, backlog=backlog)
    assert len(svg(evening)) < 100_000


TIMES = st.floats(-10, 1e6)


@given(
    st.floats(0, 1e6),
    st.lists(TIMES, max_size=20),
    st.lists(
        st.builds(SpokenOnce, TIMES, st.floats(0, 1e4), st.floats(-1e3, 1e7), st.sampled_from(["gift", "x"])),
        max_size=9,
    ),
    st.lists(st.tuples(TIMES, st.floats(0, 1e8)), max_size=20).map(sorted),
)
def test_whatever_came_of_it_stays_within_the_picture(
    length_s: float, arrivals_s: list[float], spoken: list[SpokenOnce], backlog: list[tuple[float, float]]
) -> None:
    evening = an_evening(length_s=length_s, arrivals_s=arrivals_s, spoken=spoken, backlog=backlog)
    assert html(evening)
    assert all(-2000 < each < 2000 for each in numbers(svg(evening)))

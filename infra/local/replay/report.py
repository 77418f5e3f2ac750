"""The report of a replay: a table for the terminal, a page, and its picture alone.

::

    evening = Evening(title="evening.jsonl", length_s=…, arrivals_s=…, spoken=…, backlog=…, dropped=…)
    Console().print(summary_table(evening))
    Path("evening.html").write_text(html(evening), "utf-8")
    Path("evening.svg").write_text(svg(evening), "utf-8")
"""

import json
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from infra.local.replay.evening import Evening, SpokenOnce, figures, percentile
from infra.local.replay.picture import STYLE, picture

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Evening", "SpokenOnce", "html", "percentile", "summary_table", "svg"]


def summary_table(evening: Evening) -> "Table":
    """The figures, and why danmu were let go, for a terminal."""
    from rich import box
    from rich.markup import escape as escape_markup
    from rich.table import Column, Table

    table = Table(
        Column(style="dim"), Column(), title=escape_markup(evening.title), box=box.SIMPLE_HEAD, show_header=False
    )
    for name, value in figures(evening):
        table.add_row(name, value)
    table.add_section()
    for reason, count in _by_count(evening):
        table.add_row(escape_markup(f"{count:,} let go"), escape_markup(in_words(reason)))
    return table


def html(evening: Evening) -> str:
    """One page that is whole by itself: no script, no font, nothing from anywhere; light and dark."""
    template = Template(files("infra.local.replay").joinpath("report.html").read_text("utf-8"))
    return template.substitute(
        title=escape(evening.title),
        style=STYLE,
        picture=picture(evening, standalone=False),
        figures="".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in figures(evening)
        ),
        reasons="".join(_reason_rows(evening)) or "<tr><td>None was.</td></tr>",
    )


def svg(evening: Evening) -> str:
    """The picture alone, on its own ground, as a README shows it."""
    return picture(evening, standalone=True)


def in_words(reason: str) -> str:
    """Why a danmu was dropped, for people; the reason itself where there are no words for it."""
    return _words().get(reason, reason)


@cache
def _words() -> dict[str, str]:
    words: dict[str, str] = json.loads(files("infra.local.replay").joinpath("reasons.json").read_text("utf-8"))
    return words


def _by_count(evening: Evening) -> list[tuple[str, int]]:
    return sorted(evening.dropped.items(), key=lambda each: (-each[1], each[0]))


def _reason_rows(evening: Evening) -> Iterator[str]:
    found = _by_count(evening)
    total, most = sum(evening.dropped.values()), max(evening.dropped.values(), default=0)
    for reason, count in found:
        if count:
            bar = f'<span class="bar" style="width:{100 * count / most:.1f}%"></span>'
            yield (
                f"<tr><td>{escape(in_words(reason))}{bar}</td>"
                f'<td class="count">{count:,} <small>{_share(count, total)}</small></td></tr>'
            )


def _share(count: int, total: int) -> str:
    percent = 100 * count / total
    return f"{percent:.0f}&nbsp;%" if percent >= 1 else "&lt;&nbsp;1&nbsp;%"

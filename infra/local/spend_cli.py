"""``danmu-tts spend``: what paid voices came to, by backend, key and room."""

import re
from typing import Annotated

import typer

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def spend(
    month: Annotated[
        str | None, typer.Option(help="As 2026-11; else this one (UTC).", metavar="YYYY-MM", show_default=False)
    ] = None,
) -> None:
    """Show what was made in a month, in characters as they are billed and in dollars at list price."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from danmu_tts import process_loop
    from danmu_tts.bootstrap import container
    from danmu_tts.domain.errors import DanmuTTSError

    if month is not None and not _MONTH.fullmatch(month):
        raise typer.BadParameter(f"{month!r} is no month; write 2026-11", param_hint="--month")
    try:
        totals = process_loop.run(container().budget.report(month))
    except DanmuTTSError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from error
    figures = (Column(name, justify="right") for name in ("characters", "of paid voices", "USD"))
    table = Table("who", *figures, box=None)
    for subject, total in sorted(totals.items(), key=lambda each: (-each[1].nano_usd, each[0])):
        table.add_row(escape(subject), f"{total.characters:,}", f"{total.paid_characters:,}", f"{total.usd:.4f}")
    if not totals:
        typer.echo("Nothing was made in that month.", err=True)
        return
    Console().print(table)

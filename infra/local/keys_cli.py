"""``danmu-tts keys``: make API keys and room tokens, and withdraw them."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from danmu_tts.domain.access import KeyState, Role, Scope

if TYPE_CHECKING:
    from danmu_tts.domain.access import KeyRecord
    from danmu_tts.services.access import Access, IssuedKey

_DAY_S = 24 * 3600
_MOST_DAYS = 36_500
_DEFAULT_SCOPES = [Scope.SPEAK, Scope.DANMU, Scope.LISTEN]

keys_app = typer.Typer(help="API keys and room tokens.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="See `danmu-tts keys list`.", show_default=False)]


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="For you to know it by.")] = "key",
    scope: Annotated[list[Scope], typer.Option(help="What it is for; may be repeated. admin: everything.")] = (
        _DEFAULT_SCOPES
    ),
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="Else as set for all.")] = None,
    characters_per_minute: Annotated[int | None, typer.Option(min=1, help="Else as set for all.")] = None,
    monthly_characters: Annotated[int | None, typer.Option(min=0, help="Characters of paid voices a month.")] = None,
    monthly_usd: Annotated[float | None, typer.Option(min=0, help="What paid voices may cost a month.")] = None,
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=_MOST_DAYS, help="Days that it is good for; else until it is revoked.")
    ] = None,
) -> None:
    """Make an API key and print it, once, on standard output: KEY=$(danmu-tts keys create bot).

    Without limits a minute of its own it has those of DANMU_TTS_LIMITS__KEY_REQUESTS and
    DANMU_TTS_LIMITS__KEY_CHARACTERS.
    """
    from danmu_tts import process_loop
    from danmu_tts.services.access import Allowance

    allowance = Allowance(requests_per_minute, characters_per_minute, monthly_characters, monthly_usd)
    with _errors_in_a_line():
        ttl_s = expires_days * _DAY_S if expires_days else None
        issued = process_loop.run(_access().create(name, scope, allowance, ttl_s=ttl_s))
    granted = ", ".join(sorted(issued.record.scopes))
    _hand_over(issued, f"Key {issued.record.id} ({granted}) is made.")


@keys_app.command("list")
def list_keys() -> None:
    """List all keys, never their secrets."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from danmu_tts import process_loop

    with _errors_in_a_line():
        records = process_loop.run(_access().list())
    if not records:
        typer.echo("There are no keys yet. `danmu-tts keys create` makes one.", err=True)
        return
    table = Table(Column("id", no_wrap=True), "name", "scopes", "state", "made", "expires", "own limits", box=None)
    for record in records:
        scopes = ", ".join(sorted(record.scopes))
        dates = (_date(record.created_at), _date(record.expires_at))
        table.add_row(record.id, escape(record.name), scopes, _state(record), *dates, _limits(record))
    Console().print(table)
    if any(None in (record.requests_per_minute, record.characters_per_minute) for record in records):
        settings = "DANMU_TTS_LIMITS__KEY_REQUESTS and DANMU_TTS_LIMITS__KEY_CHARACTERS"
        typer.echo(f"Without limits a minute of its own a key has those of {settings}.", err=True)


@keys_app.command("revoke")
def revoke_key(key: KeyId) -> None:
    """Let a key and its room tokens be good no longer, everywhere within ten seconds."""
    from danmu_tts import process_loop

    with _errors_in_a_line():
        record = process_loop.run(_access().revoke(key))
    typer.echo(f"Key {record.id} is revoked; within ten seconds nobody takes it, or a room token of it.", err=True)


@keys_app.command("rotate")
def rotate_key(key: KeyId) -> None:
    """Give a key another secret and print it as `create` does. The old one and all its room tokens die."""
    from danmu_tts import process_loop

    with _errors_in_a_line():
        issued = process_loop.run(_access().rotate(key))
    _hand_over(issued, f"Key {issued.record.id} has a new secret; the old one and its room tokens are good no longer.")


@keys_app.command("room-token")
def make_room_token(
    room: Annotated[str, typer.Argument(help="The room that it is for.", show_default=False)],
    key: Annotated[str, typer.Option(metavar="ID", help="The key that signs it and whose limits it has.")],
    role: Annotated[Role, typer.Option(help="player and monitor listen; console steers the room too.")] = Role.PLAYER,
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="Days that it is good for.")] = 30,
) -> None:
    """Make a token for one room and print it on standard output; it goes into a page's URL."""
    from danmu_tts import process_loop

    with _errors_in_a_line():
        record = process_loop.run(_access().find(key))
        token = _access().room_token(record, room, role, days * _DAY_S)
    typer.echo(token)
    until = _date(int(time.time()) + days * _DAY_S)
    typer.echo(f"A {role} of room {room} may use it until {until}, or until key {record.id} goes.", err=True)


def _access() -> "Access":
    from danmu_tts.bootstrap import container

    return container().access


@contextmanager
def _errors_in_a_line() -> Iterator[None]:
    from danmu_tts.domain.errors import DanmuTTSError

    try:
        yield
    except DanmuTTSError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from error


def _hand_over(issued: "IssuedKey", said: str) -> None:
    """The key alone on standard output, so that a shell can catch it."""
    typer.echo(str(issued.text))
    sys.stdout.flush()
    typer.echo(f"{said} This is the only time that it is shown. Send it as `Authorization: Bearer …`.", err=True)


def _state(record: "KeyRecord") -> str:
    state = record.state(time.time())
    return state if state is KeyState.ACTIVE else f"[red]{state}[/]"


def _date(epoch_s: int | None) -> str:
    return "never" if epoch_s is None else f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%d}"


def _limits(record: "KeyRecord") -> str:
    units = {
        "requests_per_minute": "{} requests/min",
        "characters_per_minute": "{} characters/min",
        "monthly_characters": "{} characters/month",
        "monthly_usd": "${:g}/month",
    }
    values = ((getattr(record, name), text) for name, text in units.items())
    return ", ".join(text.format(value) for value, text in values if value is not None) or "none"

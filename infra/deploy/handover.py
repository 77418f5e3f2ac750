"""What a streamer gets once the stack is there: a key, the pages, and how to make it speak."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import typer

from infra.deploy.errors import DeployError, aws_in_words

if TYPE_CHECKING:
    from danmu_tts.domain.access import KeyRecord, Role
    from danmu_tts.services.access import Access
    from infra.deploy.account import Account

_NAME = "first"
_DAYS = 365
_DAY_S = 24 * 3600
# S3 may be on the other side of the world.
_S3_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Site:
    """Where it is found."""

    url: str
    websocket_url: str
    bucket: str
    environment: str
    """What `danmu-tts keys` needs to find the bucket, besides its name."""
    dashboard_url: str = ""
    has_pages: bool = True


@dataclass(frozen=True, slots=True)
class Key:
    """An API key; ``text`` is known only where it was made just now."""

    id: str
    text: str | None
    player_token: str
    console_token: str


def give_key(bucket: str, room: str) -> Key:
    """The first key that is good, or a new one, with tokens for a room. Raises DeployError."""
    from danmu_tts import process_loop
    from danmu_tts.bootstrap.stores import make_keys
    from danmu_tts.domain.access import Keyless, Role
    from danmu_tts.domain.errors import DanmuTTSError
    from danmu_tts.services.access import Access
    from danmu_tts.settings import S3Settings, Settings

    settings = Settings(_env_file=None, s3=S3Settings(bucket=bucket, timeout_ms=_S3_TIMEOUT_MS))
    access = Access(make_keys(settings), Keyless.NOBODY)
    try:
        record, text = process_loop.run(_key(access))
        player, console = (_token(access, record, room, role) for role in (Role.PLAYER, Role.CONSOLE))
    except DanmuTTSError as error:
        advice = f"`DANMU_TTS_S3__BUCKET={bucket} danmu-tts keys create` makes a key as well."
        raise DeployError(f"The stack is there, but no key could be made: {error.message}", advice) from error
    return Key(record.id, text, player, console)


async def _key(access: "Access") -> "tuple[KeyRecord, str | None]":
    import time

    from danmu_tts.domain.access import KeyState, Scope

    good = (record for record in await access.list() if record.state(time.time()) is KeyState.ACTIVE)
    if (record := next(good, None)) is not None:
        return record, None
    issued = await access.create(_NAME, [Scope.SPEAK, Scope.DANMU, Scope.LISTEN])
    return issued.record, str(issued.text)


def _token(access: "Access", record: "KeyRecord", room: str, role: "Role") -> str:
    return access.room_token(record, room, role, _DAYS * _DAY_S)


def tell(site: Site, key: Key, room: str, *, rooms: bool) -> None:
    """Print what to open and what to type; ``rooms``: whether there is a Redis for them."""
    where = f"{site.environment} DANMU_TTS_S3__BUCKET={site.bucket} .venv/bin/danmu-tts keys"
    shown = key.text or "YOUR_KEY"
    typer.echo("\nDanmu TTS is up.\n")
    if site.has_pages:
        _line("Page", f"{site.url}/" + (f"#key={quote(key.text)}" if key.text else ""), "type a line, hear it")
    if key.text:
        _line("API key", key.text, "shown only now: keep it")
    else:
        _line("API key", key.id, f"made earlier; lost? {where} rotate {key.id}")
    _line("API", f"{site.url}/v1", "base URL for OpenAI's clients and others")
    _line("WebSocket", site.websocket_url, "speech while it is made" if rooms else "needs a Redis")
    if rooms and site.has_pages:
        _line("Overlay", f"{site.url}/overlay/{room}?token={key.player_token}", f"OBS browser source, {_DAYS} days")
        _line("Console", f"{site.url}/console/{room}?token={key.console_token}", "to steer the room")
        _line("Other rooms", f"{where} room-token NAME --key {key.id}", "then …/overlay/NAME?token=…")
    if site.dashboard_url:
        _line("Dashboard", site.dashboard_url, "how it is doing")
    typer.echo(
        f"\nHear it:\n  curl -L {site.url}/v1/audio/speech -H 'authorization: Bearer {shown}' "
        """-H 'content-type: application/json' -d '{"model": "auto", "voice": "alloy", "input": "Hello, chat!"}' """
        "-o hello.mp3"
    )
    if rooms:
        typer.echo(
            f"\nSend it the chat, as a bot does (it is heard where the overlay is open):\n"
            f"  curl {site.url}/v1/rooms/{room}/danmu -H 'authorization: Bearer {shown}' "
            """-H 'content-type: application/json' -d '{"events": [{"id": "m1", "viewer": "u1", "name": "Ann", """
            """"text": "Hello, chat!"}]}'"""
        )


def _line(what: str, value: str, meaning: str) -> None:
    typer.echo(f"  {what:<12} {value}\n               {meaning}")


def check_model(account: "Account", bucket: str | None) -> None:
    """Raise DeployError where SageMaker, which starts a GPU at once, would find no model."""
    key = "models/xtts/config.json"
    if bucket:
        with aws_in_words():
            found = account.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        if found.get("KeyCount"):
            return
    where = f"s3://{bucket or 'BUCKET'}/models/xtts/"
    raise DeployError(
        "SageMaker starts with XTTS's model, and it is not in the bucket.",
        f"Deploy with --parameter Gpu=none; `aws s3 cp --recursive YOUR_MODEL {where}`; then deploy as now.",
    )

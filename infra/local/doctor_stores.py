"""What ``danmu-tts doctor`` finds out about the places where something is kept."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from danmu_tts.bootstrap import Container

_OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. ``works`` is None where it is switched off; ``needed``: without it nothing speaks."""

    what: str
    works: bool | None
    detail: str
    needed: bool = False


def try_stores(container: "Container") -> Iterator[Finding]:
    """The cache's tiers, Redis, the API keys and the ledger."""
    yield from _try_cache(container)
    yield _try_redis(container)
    yield _try_keys(container)
    yield _try_ledger(container)


def _try_cache(container: "Container") -> Iterator[Finding]:
    from danmu_tts import process_loop

    wrong = process_loop.run(container.cache.check())
    for tier, figures in process_loop.run(container.cache.stats()).items():
        yield Finding(f"Cache tier {tier}", tier not in wrong, wrong.get(tier, f"{figures.get('entries', 0)} entries"))


def _try_redis(container: "Container") -> Finding:
    detail = {
        "ok": "shared by all processes",
        "away": "away; each process goes on alone",
        "embedded": "inside this process; DANMU_TTS_REDIS__URL names one for all",
    }
    status = container.redis.status
    return Finding("Redis", None if status == "embedded" else status == "ok", detail[status])


def _try_keys(container: "Container") -> Finding:
    """List them, and write into their folder where it is one; nothing is written beside keys in a bucket."""
    from danmu_tts import process_loop
    from danmu_tts.domain.errors import DanmuTTSError

    what, settings = "API keys", container.settings
    try:
        number = len(process_loop.run(container.access.list()))
    except DanmuTTSError as error:
        return Finding(what, False, error.message)
    if settings.s3.bucket:
        place = Finding(what, True, f"bucket {settings.s3.bucket}")
    else:
        place = try_folder(what, settings.security.keys_directory, _OWNER_ONLY)
    return Finding(what, place.works, f"{number} in {place.detail}" if place.works else place.detail)


def _try_ledger(container: "Container") -> Finding:
    from danmu_tts import process_loop
    from danmu_tts.domain.errors import DanmuTTSError
    from danmu_tts.domain.spend import Total

    try:
        spent = process_loop.run(container.budget.report()).get("all", Total()).usd
    except DanmuTTSError as error:
        return Finding("Ledger", False, error.message)
    cap = container.budget.monthly_usd
    return Finding("Ledger", True, f"${spent:.2f} this month" + ("" if cap is None else f", of ${cap:g}"))


def try_folder(what: str, folder: Path, mode: int = 0o777) -> Finding:
    """Write into a folder, which is made where there is none."""
    import shutil

    from rich.filesize import decimal

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding(what, False, f"{folder} cannot be written: {error.strerror}")
    return Finding(what, True, f"{folder}, {decimal(shutil.disk_usage(folder).free)} free")

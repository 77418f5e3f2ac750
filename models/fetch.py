"""Fetch a model: licence first, then space, then file by file."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal

from models.digest import file_has_digest
from models.download import RemoteFile, client_or_new, download
from models.errors import LicenceNotAcceptedError, NotEnoughSpaceError
from models.manifest import ModelEntry, has_right_size
from models.mirror import mirrored
from models.part_file import part_path
from models.progress import NoProgress, Progress

if TYPE_CHECKING:
    import httpx


def fetch(
    entry: ModelEntry,
    models_dir: Path,
    *,
    mirror_base_url: str | None = None,
    accept_licence: bool = False,
    progress: Progress | None = None,
    client: "httpx.Client | None" = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Bring all files of `entry` below `models_dir` and return the folder that holds them.

    Files that are there with the right digest are left alone; an unfinished `<file>.part` is resumed, also after
    Ctrl-C. `mirror_base_url`, e.g. `https://mirror.example/prefix`, takes the place of the publisher's scheme and host.
    `client` stays open; `sleep` waits the given seconds between two attempts.

    Raises `LicenceNotAcceptedError`, `NotEnoughSpaceError`, `DownloadError` or `VerificationError`.
    """
    if entry.requires_acceptance and not accept_licence:
        raise LicenceNotAcceptedError(entry.name, entry.licence, entry.licence_url)
    base_url = mirrored(entry.base_url, mirror_base_url) if mirror_base_url else entry.base_url
    folder = entry.local_dir(models_dir)
    folder.mkdir(parents=True, exist_ok=True)
    missing = list(_missing(entry, base_url, models_dir))
    _check_space(entry.name, missing, folder)
    with client_or_new(client) as http:
        for remote in missing:
            download(remote, http, progress or NoProgress(), sleep)
    return folder


def _missing(entry: ModelEntry, base_url: str, models_dir: Path) -> Iterator[RemoteFile]:
    for file in entry.files:
        target = entry.local_path(file, models_dir)
        if not (has_right_size(target, file.size_bytes) and file_has_digest(target, file.digest)):
            yield RemoteFile(base_url + file.path, target, file.size_bytes, file.digest)


def _check_space(name: str, missing: list[RemoteFile], folder: Path) -> None:
    needed_bytes = sum(remote.size_bytes - _resumable_bytes(remote) for remote in missing)
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes > free_bytes:
        raise NotEnoughSpaceError(
            f"{name} needs {decimal(needed_bytes)} more in {folder}, but only {decimal(free_bytes)} are free there"
        )


def _resumable_bytes(remote: RemoteFile) -> int:
    part = part_path(remote.target)
    return min(part.stat().st_size, remote.size_bytes) if part.is_file() else 0

"""The checkpoint, fetched from the bucket where it is not here yet."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_log = logging.getLogger(__name__)

_MANIFEST = ".fetched.json"
"""What we have, by its ETag: hashing 2 GB at each start would take longer than fetching them in AWS."""

_PROGRESS_STEPS = 10


@dataclass(frozen=True, slots=True)
class _Object:
    key: str
    path: PurePosixPath
    size_bytes: int
    etag: str


class ModelError(Exception):
    """The bucket has no checkpoint, or one with file names that nobody means well with."""


def sync_model(s3: Any, bucket: str, prefix: str, folder: Path) -> None:
    """Fetch what differs by size or ETag. A file is whole or not there. Raises ModelError and what boto3 raises."""
    objects = _list(s3, bucket, prefix)
    folder.mkdir(parents=True, exist_ok=True)
    manifest_path = folder / _MANIFEST
    manifest = json.loads(manifest_path.read_text("utf-8")) if manifest_path.exists() else {}
    wanted = [one for one in objects if not _is_here(one, folder, manifest)]
    total = sum(one.size_bytes for one in wanted)
    _log.info("fetching the model", extra={"files": len(wanted), "of": len(objects), "bytes": total})
    progress = _Progress(total)
    for one in wanted:
        target = folder / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        s3.download_file(bucket, one.key, str(part), Callback=progress)
        if part.stat().st_size != one.size_bytes:
            raise ModelError(f"{one.key} changed while it was fetched")
        part.replace(target)
        manifest[str(one.path)] = one.etag
        _write(manifest_path, manifest)


def _list(s3: Any, bucket: str, prefix: str) -> list[_Object]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [entry for page in pages for entry in page.get("Contents", ())]
    objects = [
        _Object(entry["Key"], _safe_path(entry["Key"], prefix), entry["Size"], entry["ETag"])
        for entry in found
        if not entry["Key"].endswith("/")  # a folder, as consoles make them
    ]
    if not objects:
        raise ModelError(f"there is no model under s3://{bucket}/{prefix}")
    return objects


def _safe_path(key: str, prefix: str) -> PurePosixPath:
    name = key.removeprefix(prefix)
    path = PurePosixPath(name)
    unsafe = path.is_absolute() or not path.parts or any(part == ".." for part in path.parts)
    if unsafe or "\\" in name or ":" in name or "\0" in name or path.name == _MANIFEST:
        raise ModelError(f"{key!r} is no name of a model's file")
    return path


def _is_here(one: _Object, folder: Path, manifest: dict[str, str]) -> bool:
    path = folder / one.path
    return manifest.get(str(one.path)) == one.etag and path.is_file() and path.stat().st_size == one.size_bytes


def _write(path: Path, manifest: dict[str, str]) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(manifest, indent=1), "utf-8")
    part.replace(path)


class _Progress:
    """A line a tenth. boto3 calls it from its threads; a line too many harms nobody."""

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self._done_bytes = 0
        self._step = 0

    def __call__(self, more_bytes: int) -> None:
        self._done_bytes += more_bytes
        step = _PROGRESS_STEPS * self._done_bytes // max(1, self._total_bytes)
        if step > self._step:
            self._step = step
            _log.info("fetching the model", extra={"done": self._done_bytes, "of": self._total_bytes})

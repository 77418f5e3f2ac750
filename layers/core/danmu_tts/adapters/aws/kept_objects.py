"""Objects of an S3 that forgets everything when it ends, kept in a folder meanwhile. Blocks."""

from pathlib import Path
from typing import Any

from danmu_tts.adapters.atomic_files import write_private


class KeptObjects:
    """All objects of a bucket below a prefix, and a folder with the same. Names are ours: they are safe as paths."""

    def __init__(self, s3: Any, bucket: str, prefix: str, folder: Path) -> None:
        """``s3``: boto3's client."""
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._folder = folder
        self._kept: dict[str, str] = {}

    def restore(self) -> int:
        """Put what the folder has into the bucket; how many."""
        files = [each for each in sorted(self._folder.rglob("*")) if each.is_file() and not each.name.startswith(".")]
        for file in files:
            name = self._prefix + file.relative_to(self._folder).as_posix()
            answer = self._s3.put_object(Bucket=self._bucket, Key=name, Body=file.read_bytes())
            self._kept[name] = answer["ETag"]
        return len(files)

    def keep(self) -> None:
        """Do to the folder what was done to the bucket since the last time."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        there = {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", ())}
        for name in self._kept.keys() - there.keys():
            self._path(name).unlink(missing_ok=True)
            del self._kept[name]
        for name, etag in there.items():
            if self._kept.get(name) != etag:
                data = self._s3.get_object(Bucket=self._bucket, Key=name)["Body"].read()
                write_private(self._path(name), data)
                self._kept[name] = etag

    def _path(self, name: str) -> Path:
        return self._folder / name.removeprefix(self._prefix)

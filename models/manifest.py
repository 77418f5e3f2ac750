"""The manifest: which models exist, where their files are published, and where they lie once fetched."""

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, StringConstraints, model_validator

from models.errors import UnknownModelError

MANIFEST_PATH = Path(__file__).with_name("manifest.yaml")

# Plain ASCII segments that start with a letter, a digit or "_": no "..", no root, no drive, no "\", nothing to quote.
_SAFE_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", re.ASCII)


def _safe_path(path: str) -> str:
    if not _SAFE_PATH.fullmatch(path):
        raise ValueError(f"not a plain relative path: {path!r}")
    if path.endswith((".part", ".")):
        raise ValueError(f"a file may not end in '.part' or '.': {path!r}")
    return path


_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Digest = Annotated[str, StringConstraints(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]
FolderUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#\s]+/([^?#\s]*/)?$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFile(_Frozen):
    """One published file."""

    path: Annotated[str, AfterValidator(_safe_path)]
    """Below the entry's `base_url`: relative, with forward slashes, without `..`."""
    size_bytes: PositiveInt
    """The publisher's size."""
    digest: Digest
    """The publisher's digest, `md5:` or `sha256:` and lower-case hexadecimal."""


class ModelEntry(_Frozen):
    """One model: a Piper voice or an XTTS model."""

    name: Annotated[str, StringConstraints(pattern=_NAME)]
    kind: Literal["piper", "xtts"]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    """BCP-47 tags, e.g. `zh-CN`."""
    licence: str
    licence_url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    requires_acceptance: bool
    """True where the files may only be fetched after the licence has been accepted."""
    base_url: FolderUrl
    """Where the publisher keeps the files; ends in a slash."""
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size_bytes for file in self.files)

    def local_dir(self, models_dir: Path) -> Path:
        """Return the folder that holds this model's files: one per kind, below `models_dir`."""
        return models_dir / self.kind

    def local_path(self, file: ModelFile, models_dir: Path) -> Path:
        """Return where `file` lies once fetched: its base name, but `<model>.MODEL_CARD` for a MODEL_CARD."""
        return self.local_dir(models_dir) / self._local_name(file)

    def _local_name(self, file: ModelFile) -> str:
        base_name = PurePosixPath(file.path).name
        return f"{self.name}.MODEL_CARD" if base_name == "MODEL_CARD" else base_name


class Manifest(_Frozen):
    """Every model that can be fetched."""

    models: tuple[ModelEntry, ...]

    @model_validator(mode="after")
    def _nothing_twice(self) -> Self:
        # Compared without case: Windows and macOS keep one file for `A` and `a`.
        _refuse_twice("name", [entry.name.casefold() for entry in self.models])
        local_paths = [entry.local_path(file, Path()) for entry in self.models for file in entry.files]
        _refuse_twice("local file", [path.as_posix().casefold() for path in local_paths])
        return self

    def find(self, name: str) -> ModelEntry:
        """Return the model called `name`; raise `UnknownModelError`, which lists close names, if there is none."""
        for entry in self.models:
            if entry.name == name:
                return entry
        raise UnknownModelError(name, [entry.name for entry in self.models])


def _refuse_twice(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what} used twice: {', '.join(twice)}")


def load_manifest(path: Path | None = None) -> Manifest:
    """Read a manifest, by default the one that ships with the project.

    Raises `yaml.YAMLError` or `pydantic.ValidationError` where the file is not a sound manifest.
    """
    text = (path or MANIFEST_PATH).read_text(encoding="utf-8")
    return Manifest.model_validate(yaml.safe_load(text))


def is_installed(entry: ModelEntry, models_dir: Path) -> bool:
    """Tell whether every file is there with the right size. Cheap: nothing is hashed, nothing is asked for."""
    return all(has_right_size(entry.local_path(file, models_dir), file.size_bytes) for file in entry.files)


def has_right_size(path: Path, size_bytes: int) -> bool:
    """Tell whether `path` is a file of `size_bytes` bytes."""
    return path.is_file() and path.stat().st_size == size_bytes

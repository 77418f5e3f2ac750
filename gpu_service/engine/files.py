"""The files of a checkpoint are looked through before anything in them is believed. Needs no torch."""

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, BinaryIO, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

CONFIG, MODEL, VOCABULARY, SPEAKERS = "config.json", "model.pth", "vocab.json", "speakers_xtts.pth"
FILES = (CONFIG, MODEL, VOCABULARY, SPEAKERS)

MOST_MODEL_BYTES = 8 << 30
"""XTTS v2 has 1.9 GB, with the training's own parts 5.6 GB."""

MOST_SPEAKERS_BYTES = 256 << 20
_MOST_TEXT_BYTES = 16 << 20
_MOST_CONFIG_BYTES = 1 << 20
_MOST_ENTRIES = 20_000
_MOST_PICKLE_BYTES = 64 << 20
_SUM_LINE = re.compile(r"^(?:([0-9a-f]{64}) [ *](\S.*))?$")


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message says why."""


class ModelArgs(BaseModel):
    """``model_args`` of config.json, as far as they shape the model; bounded, for they say how much is allocated."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    gpt_layers: Annotated[int, Field(ge=1, le=64)] = 30
    gpt_n_model_channels: Annotated[int, Field(ge=16, le=2048)] = 1024
    gpt_n_heads: Annotated[int, Field(ge=1, le=64)] = 16
    gpt_max_audio_tokens: Annotated[int, Field(ge=8, le=4096)] = 605
    gpt_max_text_tokens: Annotated[int, Field(ge=8, le=4096)] = 402
    gpt_max_prompt_tokens: Annotated[int, Field(ge=1, le=4096)] = 70
    gpt_num_audio_tokens: Annotated[int, Field(ge=8, le=65_536)] = 1026
    gpt_start_audio_token: Annotated[int, Field(ge=0)] = 1024
    gpt_stop_audio_token: Annotated[int, Field(ge=0)] = 1025
    gpt_code_stride_len: Annotated[int, Field(ge=64, le=4096)] = 1024
    gpt_use_perceiver_resampler: bool = True
    input_sample_rate: Annotated[int, Field(ge=8000, le=48_000)] = 22_050
    output_sample_rate: Annotated[int, Field(ge=8000, le=48_000)] = 24_000
    output_hop_length: Annotated[int, Field(ge=64, le=65_536)] = 256
    decoder_input_dim: Annotated[int, Field(ge=16, le=2048)] = 1024
    d_vector_dim: Annotated[int, Field(ge=16, le=2048)] = 512
    cond_d_vector_in_each_upsampling_layer: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.gpt_n_model_channels % self.gpt_n_heads or self.decoder_input_dim != self.gpt_n_model_channels:
            raise ValueError("widths that do not fit together")
        if max(self.gpt_start_audio_token, self.gpt_stop_audio_token) >= self.gpt_num_audio_tokens:
            raise ValueError("a start or stop token that is none")
        return self


class CheckpointConfig(BaseModel):
    """config.json, as far as speaking needs it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model_args: ModelArgs = ModelArgs()
    languages: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z]{2})?$")], ...], Field(max_length=100)]
    temperature: Annotated[float, Field(gt=0, le=5, allow_inf_nan=False)] = 0.85
    repetition_penalty: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] = 2.0
    top_k: Annotated[int, Field(ge=0, le=65_536)] = 50
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.85
    gpt_cond_len: Annotated[int, Field(ge=1, le=60)] = 12
    gpt_cond_chunk_len: Annotated[int, Field(ge=1, le=60)] = 4


def read_config(path: Path) -> CheckpointConfig:
    """Parse config.json. Raises CheckpointError."""
    try:
        return CheckpointConfig.model_validate(json.loads(read_text(path, _MOST_CONFIG_BYTES)))
    except (ValueError, RecursionError) as exc:  # also pydantic's and json's errors
        reason = exc.errors()[0]["msg"] if isinstance(exc, ValidationError) else str(exc) or type(exc).__name__
        raise CheckpointError(f"{path.name} is no configuration of XTTS: {reason}") from exc


def read_text(path: Path, most_bytes: int = _MOST_TEXT_BYTES) -> str:
    """A file's text. Raises CheckpointError if it is missing, longer than that, or no text."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise CheckpointError(f"{path.name} is longer than {most_bytes} bytes")
        return content.decode()
    except (OSError, UnicodeDecodeError) as exc:
        raise CheckpointError(f"{path.name} cannot be read: {exc}") from exc


def verify(directory: Path, checksums: Mapping[str, str] | str | None) -> None:
    """Compare every file of a checkpoint with its SHA-256, where these are given. Raises CheckpointError."""
    for name in FILES:
        if not (directory / name).is_file():
            raise CheckpointError(f"{directory} has no {name}")
    if checksums is None:
        return
    pins = _listed(directory / checksums) if isinstance(checksums, str) else checksums
    for name in FILES:
        if name not in pins:
            raise CheckpointError(f"no checksum is given for {name}")
        with (directory / name).open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != pins[name].lower():
            raise CheckpointError(f"{name} is not the file it should be: its SHA-256 is {actual}, not {pins[name]}")


def check_archive(file: BinaryIO, name: str, most_bytes: int) -> None:
    """See that a file is what torch saves: a zip of uncompressed parts, which take as much as the file does.

    A zip may promise terabytes in a few kilobytes, by compression or by parts that overlap; torch's own has neither.
    Raises CheckpointError.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if size > most_bytes:
        raise CheckpointError(f"{name} is larger than {most_bytes} bytes")
    try:
        entries = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as exc:
        raise CheckpointError(f"{name} is not what torch saves (a zip archive): {exc}") from exc
    if len(entries) > _MOST_ENTRIES:
        raise CheckpointError(f"{name} has {len(entries)} parts, more than {_MOST_ENTRIES}")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError(f"{name} has compressed parts, as torch never saves them: it may unpack to any size")
    if sum(entry.file_size for entry in entries) > size:
        raise CheckpointError(f"{name} would unpack to more bytes than it has")
    if any(entry.filename.endswith(".pkl") and entry.file_size > _MOST_PICKLE_BYTES for entry in entries):
        raise CheckpointError(f"{name} has a pickle larger than {_MOST_PICKLE_BYTES} bytes")
    file.seek(0)


def _listed(path: Path) -> dict[str, str]:
    text = read_text(path, _MOST_CONFIG_BYTES)
    if path.suffix == ".json":
        try:
            pins = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise CheckpointError(f"{path.name} is not JSON: {exc}") from exc
        if not isinstance(pins, dict) or not all(isinstance(pin, str) for pin in pins.values()):
            raise CheckpointError(f"{path.name} is no JSON object of file names and checksums")
        return pins
    found = [_SUM_LINE.match(line.strip()) for line in text.splitlines()]
    if not all(found):
        raise CheckpointError(f"{path.name} has a line that is no checksum and file name")
    return {match[2]: match[1] for match in found if match and match[1]}

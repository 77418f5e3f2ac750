"""What names look like wherever they are sent."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

# `backend:name`, a bare name, or an alias. Some of Azure's names have a colon of their own.
VoiceName = Annotated[str, StringConstraints(pattern=r"^([a-zA-Z0-9\-_]+:){0,2}[a-zA-Z0-9\-_]+$", max_length=120)]
BackendName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9\-_]+$", max_length=60)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$", max_length=35)]
RoomName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9\-_]{1,64}$")]
FormatName = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

# Numbers are numbers, also in JSON: "1" is none.
Ratio = Annotated[float, Field(strict=True, allow_inf_nan=False)]

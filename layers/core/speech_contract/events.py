"""What happens in a room's chat, as REST and WebSocket write it alike, whatever the platform."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from speech_contract.fields import Ratio

EVENT_ID = r"^[^\x00-\x20\x7f]{1,64}$"
EventId = Annotated[str, StringConstraints(pattern=EVENT_ID), Field(description="The platform's; unique in the room.")]
ViewerId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PictureUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s\"'<>\\]+$", max_length=500)]


class EventKind(StrEnum):
    """What a viewer did."""

    DANMU = "danmu"
    GIFT = "gift"
    SUPERCHAT = "superchat"
    GUARD = "guard"
    """A membership was bought: 舰长, a channel subscription."""
    FOLLOW = "follow"


class Combo(BaseModel):
    """Gifts that belong together; they are spoken as one when no more come."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=64)]
    timeout_ms: Annotated[int, Field(strict=True, ge=0, le=60_000, description="So long after the last, no more come.")]


class Event(BaseModel):
    """Something that a viewer did: a danmu in the wide sense."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: EventKind = EventKind.DANMU
    id: Annotated[EventId | None, Field(description="Needed to retract it; one that comes twice counts once.")] = None
    viewer: Annotated[ViewerId | None, Field(description="The platform's id of who did it.")] = None
    name: Annotated[str, Field(max_length=64, description="What the viewer is called.")] = ""
    text: Annotated[str, Field(max_length=1000, description="What the viewer wrote.")] = ""
    medal: Annotated[int, Field(strict=True, ge=0, le=1000, description="Level of this room's medal; 0: none.")] = 0
    guard: Annotated[int, Field(strict=True, ge=0, le=3, description="1 governor, 2 admiral, 3 captain; 0: none.")] = 0
    amount: Annotated[Ratio, Field(ge=0, le=1e9, description="What was paid, in `currency`; 0: nothing.")] = 0.0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    gift: Annotated[str, Field(max_length=64, description="What a gift or a membership is called.")] = ""
    count: Annotated[int, Field(strict=True, ge=1, le=10_000_000, description="How many gifts, or months.")] = 1
    combo: Combo | None = None
    emotes: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=64)], PictureUrl],
        Field(max_length=20, description="Parts of the text that are pictures, and where these are."),
    ] = {}
    picture: Annotated[PictureUrl | None, Field(description="The picture that all of the text stands for.")] = None
    reply_to: Annotated[str, Field(max_length=64, description="Whom it answers.")] = ""
    mirror: Annotated[bool, Field(strict=True, description="It comes from a room that is mirrored here.")] = False
    sent_at: Annotated[Ratio | None, Field(ge=0, le=1e11, description="Unix seconds, by the platform's clock.")] = None

"""What all messages of the WebSocket are made of."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


def with_action(schema: dict[str, Any]) -> None:
    """Frames are told apart by it, so it has to be sent, although one that is made here has it by itself."""
    schema["required"] = ["action", *schema.get("required", ())]


class SentByClient(BaseModel):
    """What a client sends; ``action`` says which it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=with_action)


class SentByServer(BaseModel):
    """What a client is sent; ``type`` says which it is."""

    _left_out: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not sent where there is nothing to say."""

    def encode(self) -> bytes:
        """As it is sent."""
        return self.model_dump_json(exclude={name for name in self._left_out if getattr(self, name) is None}).encode()

"""``GET /v1/websocket-schema``: what OpenAPI cannot say of the WebSocket."""

from typing import Any

from fastapi import APIRouter

from danmu_tts.once import once
from functions.rest_api.errors import RESPONSES
from speech_contract import frames

router = APIRouter(tags=["WebSocket"], responses=RESPONSES)


@router.get("/v1/websocket-schema")
async def websocket_schema() -> dict[str, Any]:
    """JSON Schema of every frame: `client` is what you send, `server` what you are sent."""
    return _schema()


@once
def _schema() -> dict[str, Any]:
    return frames.schema()

"""The Lambda entry point: ``functions.rest_api.handler.handler``."""

from typing import TYPE_CHECKING, Any

from danmu_tts.once import once
from functions.warm_up import at_start

if TYPE_CHECKING:
    from functions.rest_api.lambda_adapter import LambdaAdapter

_ASK_FOR_HEALTH = {
    "version": "2.0",
    "rawPath": "/health",
    "rawQueryString": "",
    "headers": {},
    "requestContext": {"requestId": "warm-up", "http": {"method": "GET", "path": "/health", "sourceIp": "127.0.0.1"}},
    "isBase64Encoded": False,
}


@once
def _adapter() -> "LambdaAdapter":
    from danmu_tts.bootstrap import container
    from functions.rest_api.app import create_app
    from functions.rest_api.lambda_adapter import LambdaAdapter

    return LambdaAdapter(create_app(container()))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one API Gateway HTTP API event (payload 2.0)."""
    return _adapter()(event, context)


def load() -> None:
    """Build what answers, before the first event."""
    _adapter()


def _warm() -> None:
    from danmu_tts.bootstrap import container, warm

    warm(container())
    handler(_ASK_FOR_HEALTH, None)  # FastAPI makes much of itself with its first request


at_start(_warm)

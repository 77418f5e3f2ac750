"""The Lambda entry point: ``functions.rest_api.handler.handler``."""

from typing import Any

from danmu_tts.bootstrap import container
from danmu_tts.once import once
from functions.rest_api.app import create_app
from functions.rest_api.lambda_adapter import LambdaAdapter


@once
def _adapter() -> LambdaAdapter:
    return LambdaAdapter(create_app(container()))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one API Gateway HTTP API event (payload 2.0)."""
    return _adapter()(event, context)

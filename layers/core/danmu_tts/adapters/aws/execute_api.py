"""Signature Version 4 for calls of API Gateway, by botocore, with the credentials of boto3's usual chain."""

import asyncio
from typing import Any

from danmu_tts.adapters.aws.credentials import CredentialSource
from danmu_tts.domain.connections import ListenerBusyError
from danmu_tts.observability import describe_error, get_logger

logger = get_logger("connections")


class ExecuteApiSigner:
    """Proves who calls. Belongs to one event loop."""

    def __init__(self) -> None:
        """Loads nothing yet."""
        self._source: CredentialSource | None = None
        self._region = ""

    async def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        """What to send beside the message. Raises ListenerBusyError where there are no credentials now."""
        if self._source is None or self._source.is_due:
            try:
                await asyncio.to_thread(self._fetch)
            except Exception as error:  # botocore's many: no credentials, no network, no such role
                logger.error("no credentials for the gateway", extra=describe_error(error))
                raise ListenerBusyError("there are no credentials for the gateway") from error
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        current: Any = self._source and self._source.current
        request = AWSRequest(method, url, data=body)
        credentials = Credentials(current.access_key, current.secret_key, current.session_token)
        SigV4Auth(credentials, "execute-api", self._region).add_auth(request)
        return dict(request.headers.items())

    def _fetch(self) -> None:
        import boto3

        session = boto3.Session()
        source = self._source or CredentialSource(lambda: session)
        source.fetch()
        self._region = self._region or session.region_name or ""
        self._source = source

"""API Gateway's ``@connections``: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html

An endpoint of https is AWS's own and gets a signature; any other is an emulator on this machine or beside it.
"""

import asyncio
import contextlib
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import quote

from danmu_tts.adapters.aws.execute_api import ExecuteApiSigner
from danmu_tts.domain.connections import Connection, ListenerBusyError, ListenerGoneError, MessageTooLargeError
from danmu_tts.observability import get_logger

if TYPE_CHECKING:
    import aiohttp

logger = get_logger("connections")

_GONE, _TOO_LARGE = 410, 413
_SIDE_BY_SIDE = 256
_TIMEOUT_S = 3.0


class ManagementApi:
    """See ``ports.Pusher``. All calls come from one event loop."""

    def __init__(self, timeout_s: float = _TIMEOUT_S) -> None:
        """Opens nothing yet. ``timeout_s`` is for one message."""
        self._timeout_s = timeout_s
        self._signer = ExecuteApiSigner()
        self._session: aiohttp.ClientSession | None = None

    async def prepare(self) -> None:
        """See ``ports.Pusher.prepare``."""
        await asyncio.to_thread(import_module, "aiohttp")

    async def push(self, to: Connection, message: bytes) -> None:
        """See ``ports.Pusher.push``."""
        status = await self._ask("POST", to, message)
        if status == _GONE:
            raise ListenerGoneError(to.id)
        if status == _TOO_LARGE:
            raise MessageTooLargeError(f"a message of {len(message)} bytes is too large for API Gateway")
        if status >= 300:
            raise ListenerBusyError(f"the gateway answered {status}")

    async def hang_up(self, on: Connection) -> None:
        """See ``ports.Pusher.hang_up``."""
        with contextlib.suppress(ListenerBusyError):
            await self._ask("DELETE", on, b"")

    async def close(self) -> None:
        """See ``ports.Pusher.close``."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def _ask(self, method: str, of: Connection, body: bytes) -> int:
        """The status of the answer. Raises ListenerBusyError where there is none."""
        import aiohttp
        from yarl import URL

        url = f"{of.endpoint}/@connections/{quote(of.id, safe='')}"
        headers = await self._signer.headers(method, url, body) if url.startswith("https:") else {}
        session = self._session = self._session or aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_SIDE_BY_SIDE),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        try:
            # The id ends in "=": what is signed is what is sent.
            async with session.request(method, URL(url, encoded=True), data=body, headers=headers) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ListenerBusyError(f"the gateway was not reached: {type(error).__name__}") from error
        if status >= 300 and status != _GONE:
            logger.warning("the gateway refused a message", extra={"status": status})
        return status

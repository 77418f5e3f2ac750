"""The line to the server: opened, kept, and opened again when it drops."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from danmu_tts.client.errors import ClientError, NotConnectedError, RefusedError
from speech_contract.frames import SUBPROTOCOL, ClientFrame

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.http11 import Response

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_REFUSALS = frozenset({400, 401, 403, 404})

Send = Callable[[ClientFrame], Awaitable[None]]


class Line:
    """One WebSocket at a time. Belongs to one event loop."""

    def __init__(
        self,
        url: str,
        api_key: str | None,
        patience_s: float,
        *,
        on_open: Callable[[Send], Awaitable[None]],
        on_message: Callable[[str | bytes, Send], Awaitable[None]],
        on_end: Callable[[ClientError], None],
    ) -> None:
        """Opens nothing yet.

        Args:
            url: of the WebSocket, with its query.
            patience_s: how long to try before giving up.
            on_open: called with each new connection, before anything else is sent over it.
            on_message: called with each message, and the connection that it came by.
            on_end: called once, when no more connection will be tried for.
        """
        self._url = url
        self._api_key = api_key
        self._patience_s = patience_s
        self._on_open = on_open
        self._on_message = on_message
        self._on_end = on_end
        self._connection: ClientConnection | None = None
        self._is_open = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect. Raises NotConnectedError and RefusedError."""
        self._keeping = asyncio.create_task(self._keep())
        await self._wait()

    async def close(self) -> None:
        """Hang up."""
        keeping, self._keeping = self._keeping, None
        if keeping:
            keeping.cancel()
            with suppress(asyncio.CancelledError, ClientError):
                await keeping

    async def send(self, frame: ClientFrame) -> None:
        """Send as soon as there is a connection. Raises NotConnectedError and RefusedError."""
        from websockets.exceptions import ConnectionClosed

        while True:
            await self._wait()
            with suppress(ConnectionClosed):
                if self._connection:
                    await self._connection.send(written(frame))
                    return
            await asyncio.sleep(0)  # until it is noticed that it is closed

    async def _wait(self) -> None:
        keeping = self._keeping
        if keeping is None:
            raise NotConnectedError("Use the client as `async with Client(…) as client`.")
        is_open = asyncio.ensure_future(self._is_open.wait())
        try:
            await asyncio.wait({keeping, is_open}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_open.cancel()
        if keeping.done():
            await keeping

    async def _keep(self) -> None:
        """Connect, again and again."""
        try:
            while True:
                await self._hold(await self._connect())
        except ClientError as error:
            self._on_end(error)
            raise

    async def _hold(self, connection: "ClientConnection") -> None:
        from websockets.exceptions import ConnectionClosed

        async def send(frame: ClientFrame) -> None:
            await connection.send(written(frame))

        try:
            await self._on_open(send)
            self._connection = connection
            self._is_open.set()
            async for message in connection:
                await self._on_message(message, send)
        except ConnectionClosed:
            pass
        finally:
            self._is_open.clear()
            self._connection = None
            await connection.close()

    async def _connect(self) -> "ClientConnection":
        """A new connection. Raises RefusedError, and NotConnectedError when the patience is at its end."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidHandshake, InvalidStatus
        from websockets.typing import Subprotocol

        protocols = [Subprotocol(SUBPROTOCOL)]
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else None
        pause_s, loop = _FIRST_PAUSE_S, asyncio.get_running_loop()
        gives_up_s = loop.time() + self._patience_s
        while True:
            try:
                return await connect(self._url, subprotocols=protocols, additional_headers=headers, max_size=None)
            except InvalidStatus as error:
                if error.response.status_code in _REFUSALS:
                    raise RefusedError(_refusal(error.response)) from error
                reason: Exception = error
            except (OSError, EOFError, InvalidHandshake) as error:  # TimeoutError is an OSError
                reason = error
            wait_s = random.uniform(0, pause_s)  # noqa: S311 - so that many do not come back at once
            if loop.time() + wait_s >= gives_up_s:
                shown = self._url.partition("?")[0]
                raise NotConnectedError(f"No connection to {shown}: {reason}.") from reason
            await asyncio.sleep(wait_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def websocket_url(url: str) -> str:
    """Where a server's WebSocket is, by the address of either. Raises ValueError."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError("must be an address like http://127.0.0.1:8000 or wss://example.com/stage")
    path = parts.path if parts.scheme == scheme else f"{parts.path.rstrip('/')}/ws"
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def written(frame: ClientFrame) -> str:
    """A frame as it is sent: what the server would assume is left out."""
    return json.dumps({"action": frame.action, **frame.model_dump(mode="json", exclude_defaults=True)})


def _refusal(response: "Response") -> str:
    """Why, in the server's words if it has any."""
    with suppress(ValueError, KeyError, TypeError):
        answer = json.loads(response.body or b"")
        return str(answer["error"]["message"] if "error" in answer else answer["message"])
    return f"The server refuses the connection ({response.status_code})."

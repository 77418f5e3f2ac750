"""Connections to Edge. Imported with the first call, for it loads aiohttp."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiohttp import TCPConnector

_MOST_CONNECTIONS, _MOST_TO_A_HOST, _NAMES_KEPT_S = 100, 20, 300


class SharedConnector(TCPConnector):
    """Resolves names once and bounds the connections of all calls. edge-tts closes what it is lent; this stays open."""

    def __init__(self) -> None:
        super().__init__(limit=_MOST_CONNECTIONS, limit_per_host=_MOST_TO_A_HOST, ttl_dns_cache=_NAMES_KEPT_S)
        self.event_loop = asyncio.get_running_loop()

    def close(self, *, abort_ssl: bool = False) -> Coroutine[Any, Any, None]:
        """Do nothing: a call that is done does not end the others."""
        return asyncio.sleep(0)

    async def really_close(self) -> None:
        """Close everything."""
        await super().close()

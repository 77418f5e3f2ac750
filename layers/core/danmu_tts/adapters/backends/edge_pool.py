"""Connections to Edge. Imported with the first call, for it loads aiohttp."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiohttp import TCPConnector

from danmu_tts.adapters.backends.cloud import MOST_CONNECTIONS

_NAMES_KEPT_S = 300


class SharedConnector(TCPConnector):
    """Resolves names once and bounds the connections of all calls. edge-tts closes what it is lent; this stays open."""

    def __init__(self) -> None:
        super().__init__(limit_per_host=MOST_CONNECTIONS, ttl_dns_cache=_NAMES_KEPT_S)
        self.event_loop = asyncio.get_running_loop()

    def close(self, *, abort_ssl: bool = False) -> Coroutine[Any, Any, None]:
        """Do nothing: a call that is done does not end the others."""
        return asyncio.sleep(0)

    async def really_close(self) -> None:
        """Close everything."""
        await super().close()

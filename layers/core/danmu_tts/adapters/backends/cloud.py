"""What every vendor that is reached over the network has in common: a list of voices, and connections to give back."""

import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module

from danmu_tts.adapters.backends.base import BaseBackend
from danmu_tts.adapters.backends.voice_list import VoiceList
from danmu_tts.domain.voices import Voice
from danmu_tts.ports import BackendHealth, BackendTraits

# One for each call that is let through at once, and two for lists.
MOST_CONNECTIONS = BackendTraits().side_by_side + 2
KEEP_ALIVE_S = 300
# Audio does not shrink, and what unpacks to gigabytes is not let in.
UNPACKED = {"accept-encoding": "identity"}


class CloudBackend(BaseBackend):
    """A vendor's backend writes ``synthesize``, how its voices are asked for, and how its connections are closed."""

    sdk: tuple[str, ...] = ()

    def __init__(self, known_voices: Sequence[Voice], voices_ttl_s: float) -> None:
        """``known_voices`` speak until the vendor has named its own."""
        self._list = VoiceList(self._load_and_fetch, known_voices, voices_ttl_s)

    async def _load(self) -> None:
        """Import the modules of ``sdk``, in a thread: some take most of a second, and others are speaking."""
        for module in self.sdk:
            if module not in sys.modules:
                await asyncio.to_thread(import_module, module)

    async def _load_and_fetch(self) -> Sequence[Voice]:
        await self._load()
        return await self._fetch_voices()

    async def _fetch_voices(self) -> Sequence[Voice]:
        """Ask the vendor, which must be free. Raises BackendUnavailableError."""
        raise NotImplementedError

    async def _close_connections(self) -> None:
        """Close what is pooled; it is opened again when it is needed."""

    async def get_voices(self) -> Sequence[Voice]:
        """The last list that was had."""
        return self._list.get()

    async def health_check(self) -> BackendHealth:
        """Ask for the list of voices, which is free and needs what speaking needs."""
        voices = await self._list.refresh()
        return BackendHealth(True, f"{len(voices)} voices")

    async def cleanup(self) -> None:
        """Close the pooled connections."""
        self._list.stop()
        await self._close_connections()

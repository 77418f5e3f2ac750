"""A client of the WebSocket API: hear speech while it is made, cancel it, and lose nothing when the line drops.

::

    async with Client("http://127.0.0.1:8000") as client:
        async for piece in client.stream("Hello, chat!", format="pcm"):
            player.write(piece.data)

It needs the package ``websockets``, which the extras ``client`` and ``local`` bring.
"""

from danmu_tts.client.client import Client
from danmu_tts.client.errors import ClientError, NotConnectedError, RefusedError, SpeechCancelledError, SpeechError
from danmu_tts.client.utterance import Piece, SpeakOptions, Spoken, Utterance

__all__ = [
    "Client",
    "ClientError",
    "NotConnectedError",
    "Piece",
    "RefusedError",
    "SpeakOptions",
    "SpeechCancelledError",
    "SpeechError",
    "Spoken",
    "Utterance",
]

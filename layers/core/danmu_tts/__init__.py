"""Danmu TTS: a live stream's chat, spoken aloud within a second."""

__version__ = "0.1.0"

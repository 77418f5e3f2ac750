"""One key for one sound."""

import hashlib
import json

from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.speech import Prosody, Script

# Raise it when the same fields come to sound different (a new encoder setting, another way of splitting).
KEY_VERSION = 3

_HEX = frozenset("0123456789abcdef")
_LENGTH = 64


def cache_key(script: Script, audio_format: AudioFormat, prosody: Prosody, style: str | None = None) -> str:
    """Name the sound that these make: 64 hexadecimal digits of SHA-256.

    Everything that changes the sound is in it and nothing else, so that equal requests meet and
    different ones never do.

    Args:
        script: the words as the backends get them.
        style: as the backend gets it: None where the voice does not know it.
    """
    parts = [(part.text, *((part.voice.id, part.voice.revision) if part.voice else ())) for part in script.parts]
    told = {"language": script.language} if script.language else {}
    canonical = json.dumps(
        {
            "version": KEY_VERSION,
            "voice": script.voice.id,
            "parts": parts,
            "format": audio_format.value,
            "speed": float(prosody.speed),
            "pitch": prosody.pitch_semitones + 0.0,  # -0.0 sounds like 0.0
            "volume": float(prosody.volume),
            "style": style,
            **told,
        },
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def is_cache_key(key: str) -> bool:
    """Whether a text has the form of a key, and so is safe in a path."""
    return len(key) == _LENGTH and _HEX.issuperset(key)

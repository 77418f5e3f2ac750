"""Values of the domain, with everything that a test does not care about filled in."""

from danmu_tts.domain.audio import AudioFormat, Caption, EncodedSpeech
from danmu_tts.domain.voices import Voice

KEY = "3f" * 32


def a_key(number: int) -> str:
    """A well-formed cache key of its own for each number."""
    return f"{number:064x}"


def a_voice(voice_id: str = "fake:one", language: str = "zh-CN", revision: str = "1") -> Voice:
    return Voice(voice_id, language, "neutral", revision)


def a_speech(
    audio: bytes = b"sound" * 20, *, voice: str = "fake:one", audio_format: AudioFormat = AudioFormat.MP3
) -> EncodedSpeech:
    captions = (Caption("你好，", 0, 480), Caption("world", 480, 1200))
    return EncodedSpeech(audio, audio_format, 24_000, 1200, voice, captions)

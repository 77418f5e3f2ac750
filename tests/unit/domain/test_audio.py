import pytest

from danmu_tts.domain.audio import AudioChunk, AudioFormat, EncodedSpeech
from tests.builders.speech import a_speech


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("wav", "audio/wav"),
        ("pcm", "audio/pcm"),
    ],
)
def test_content_type_of_each_format(name: str, content_type: str) -> None:
    assert AudioFormat(name).content_type == content_type


def test_every_format_has_a_content_type() -> None:
    assert len({audio_format.content_type for audio_format in AudioFormat}) == len(AudioFormat)


def test_chunk_duration_counts_two_bytes_a_sample() -> None:
    assert AudioChunk(bytes(2 * 11_025), 22_050).duration_ms == 500


@pytest.mark.parametrize(("voice", "backend"), [("piper:en_US-joe", "piper"), ("a:b:c", "a"), ("bare", "bare")])
def test_encoded_speech_knows_its_backend(voice: str, backend: str) -> None:
    speech: EncodedSpeech = a_speech(voice=voice)
    assert speech.backend == backend

"""The Piper function as Lambda calls it: a failure is an answer that keeps its kind."""

import base64

import pytest

from functions.piper_voice.handler import handler
from speech_contract.piper import BAD_MESSAGE, NOTHING_TO_SAY, VOICE_GONE

VOICE = "en_US-joe-medium"


def test_it_speaks_wav_with_captions() -> None:
    answer = handler({"text": "hello there", "voice": VOICE}, None)
    assert answer["error"] is None
    assert base64.urlsafe_b64decode(answer["audio"]).startswith(b"RIFF")
    assert "".join(caption["text"] for caption in answer["captions"]) == "hello there"


def test_it_names_its_voices() -> None:
    assert VOICE in [voice["name"] for voice in handler({}, None)["voices"]]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"text": "hello", "voice": VOICE, "tempo": -1}, BAD_MESSAGE),
        ({"text": ["hello"], "voice": VOICE}, BAD_MESSAGE),
        ({"text": "hello", "voice": "nobody"}, VOICE_GONE),
        ({"text": "。", "voice": VOICE}, NOTHING_TO_SAY),
    ],
)
def test_a_failure_keeps_its_kind(event: dict[str, object], error: str) -> None:
    answer = handler(event, None)
    assert (answer["error"], answer["audio"]) == (error, "")
    assert answer["message"]

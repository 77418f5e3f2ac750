"""Azure's fake, heard through Azure's own SDK."""

import queue
import threading
from xml.sax.saxutils import escape

import azure.cognitiveservices.speech as sdk
import pytest

from tests.fakes.azure import FakeAzure
from tests.fakes.speech import hum, piper_speech
from tests.fakes.vendor import Fault
from tests.unit.fakes.heard import about, is_audio, seconds_of

TEXT = "Hello there, streamer. 你好！"
SECONDS = hum(TEXT, 1.0).duration_ms / 1000
TICKS_PER_MS = 10_000


def ssml(text: str = TEXT, *, voice: str = "en-US-JennyNeural", rate: str = "+0%") -> str:
    return (
        "<speak version='1.0' xml:lang='en-US' xmlns='http://www.w3.org/2001/10/synthesis'>"
        f"<voice name='{voice}'><prosody rate='{rate}'>{escape(text)}</prosody></voice></speak>"
    )


def synthesizer(
    server: FakeAzure,
    output_format: sdk.SpeechSynthesisOutputFormat = sdk.SpeechSynthesisOutputFormat.Audio24Khz48KBitRateMonoMp3,
) -> sdk.SpeechSynthesizer:
    config = sdk.SpeechConfig(host=server.sdk_host, subscription="0" * 32)
    config.set_speech_synthesis_output_format(output_format)
    # Else the SDK gives up by itself after 3 s, which is soon over on a busy machine.
    config.set_property(sdk.PropertyId.SpeechSynthesis_FrameTimeoutInterval, "60000")
    return sdk.SpeechSynthesizer(speech_config=config, audio_config=None)


def say(server: FakeAzure, document: str = "") -> sdk.SpeechSynthesisResult:
    # Held until it is done: one that nobody holds keeps its result back for 40 s, now and then.
    speaker = synthesizer(server)
    return speaker.speak_ssml_async(document or ssml()).get()


def error_of(result: sdk.SpeechSynthesisResult) -> sdk.CancellationErrorCode:
    assert result.reason is sdk.ResultReason.Canceled
    return result.cancellation_details.error_code


@pytest.mark.parametrize(
    "output_format",
    [
        sdk.SpeechSynthesisOutputFormat.Audio24Khz48KBitRateMonoMp3,
        sdk.SpeechSynthesisOutputFormat.Audio24Khz96KBitRateMonoMp3,
        sdk.SpeechSynthesisOutputFormat.Riff24Khz16BitMonoPcm,
    ],
)
def test_speaks_playable_audio_of_the_right_length(
    azure: FakeAzure, output_format: sdk.SpeechSynthesisOutputFormat
) -> None:
    speaker = synthesizer(azure, output_format)
    result = speaker.speak_ssml_async(ssml()).get()
    assert result.reason is sdk.ResultReason.SynthesizingAudioCompleted
    assert seconds_of(result.audio_data) == about(SECONDS)
    assert result.audio_duration.total_seconds() == pytest.approx(SECONDS, abs=0.01)


def test_really_speaks() -> None:
    with FakeAzure() as server:
        audio = say(server, ssml("Hello there, streamer.")).audio_data
    assert seconds_of(audio) == about(piper_speech("Hello there, streamer.", 1.0).duration_ms / 1000)


def test_knows_what_was_asked(azure: FakeAzure) -> None:
    say(azure, ssml("a < b & c", rate="+20%"))
    (received,) = azure.received
    assert (received.text, received.voice, received.rate) == ("a < b & c", "en-US-JennyNeural", "+20%")
    assert received.output_format == "audio-24khz-48kbitrate-mono-mp3"
    assert received.headers["ocp-apim-subscription-key"] == "0" * 32


def test_tells_when_each_word_is_said(azure: FakeAzure) -> None:
    told: queue.Queue[tuple[str, int]] = queue.Queue()
    speaker = synthesizer(azure)
    speaker.synthesis_word_boundary.connect(lambda event: told.put((event.text, event.audio_offset)))
    speaker.speak_ssml_async(ssml("Tom & Jerry 你好")).get()
    expected = hum("Tom & Jerry 你好", 1.0).words
    # The last of them may come after the result.
    heard = [told.get(timeout=5) for _ in expected]
    assert heard == [(word.text, word.offset_ms * TICKS_PER_MS) for word in expected]


def test_a_synthesizer_keeps_its_connection(azure: FakeAzure) -> None:
    speaker = synthesizer(azure)
    for _ in range(2):
        assert speaker.speak_ssml_async(ssml()).get().audio_data
    assert (azure.requests, azure.connections) == (2, 1)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.UNAUTHORIZED, sdk.CancellationErrorCode.AuthenticationFailure),
        (Fault.FORBIDDEN, sdk.CancellationErrorCode.AuthenticationFailure),
        (Fault.FORBIDDEN_ONCE, sdk.CancellationErrorCode.AuthenticationFailure),
        (Fault.RATE_LIMITED, sdk.CancellationErrorCode.TooManyRequests),
        (Fault.BAD_INPUT, sdk.CancellationErrorCode.BadRequest),
        (Fault.VOICE_GONE, sdk.CancellationErrorCode.BadRequest),
        (Fault.SERVER_ERROR, sdk.CancellationErrorCode.ServiceUnavailable),
        (Fault.RESET, sdk.CancellationErrorCode.ConnectionFailure),
        (Fault.TRUNCATED, sdk.CancellationErrorCode.ConnectionFailure),
    ],
)
def test_refuses(azure: FakeAzure, fault: Fault, code: sdk.CancellationErrorCode) -> None:
    azure.fault = fault
    assert error_of(say(azure)) is code


def test_limits_the_rate_of_an_open_connection(azure: FakeAzure) -> None:
    speaker = synthesizer(azure)
    speaker.speak_ssml_async(ssml()).get()
    azure.fault = Fault.RATE_LIMITED
    assert error_of(speaker.speak_ssml_async(ssml()).get()) is sdk.CancellationErrorCode.TooManyRequests


def test_says_which_voice_it_does_not_have(azure: FakeAzure) -> None:
    result = say(azure, ssml(voice="en-US-NobodyNeural"))
    assert error_of(result) is sdk.CancellationErrorCode.BadRequest
    assert "Unsupported voice en-US-NobodyNeural" in result.cancellation_details.error_details


def test_refuses_a_document_that_is_broken(azure: FakeAzure) -> None:
    assert error_of(say(azure, ssml().replace("你", "<"))) is sdk.CancellationErrorCode.BadRequest
    assert azure.received[0].malformed


def test_is_silent(azure: FakeAzure) -> None:
    azure.fault = Fault.SILENT
    result = say(azure)
    assert (result.reason, result.audio_data) == (sdk.ResultReason.SynthesizingAudioCompleted, b"")


def test_is_cut_short(azure: FakeAzure) -> None:
    azure.fault = Fault.CUT_SHORT
    result = say(azure)
    assert result.reason is sdk.ResultReason.SynthesizingAudioCompleted
    assert seconds_of(result.audio_data) == about(SECONDS / 4)


def test_garbage_comes_as_audio(azure: FakeAzure) -> None:
    azure.fault = Fault.GARBAGE
    result = say(azure)
    assert result.reason is sdk.ResultReason.SynthesizingAudioCompleted
    assert not is_audio(result.audio_data)


def test_stalls_until_the_client_stops(azure: FakeAzure) -> None:
    azure.fault = Fault.STALLED
    heard, speaker = threading.Event(), synthesizer(azure)
    speaker.synthesizing.connect(lambda _: heard.set())
    speaker.speak_ssml_async(ssml())
    assert heard.wait(5)
    speaker.stop_speaking_async().get()


def test_never_answers(azure: FakeAzure) -> None:
    azure.fault = Fault.MUTE_FOR_EVER
    canceled, speaker = threading.Event(), synthesizer(azure)
    speaker.synthesis_canceled.connect(lambda _: canceled.set())
    pending = speaker.speak_ssml_async(ssml())
    azure.wait_for_requests(1)
    azure.stop()
    # Only the end of the connection tells it.
    assert error_of(pending.get()) is sdk.CancellationErrorCode.ConnectionFailure
    assert canceled.wait(5)

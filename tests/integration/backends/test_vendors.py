"""What each backend makes of what its vendor offers: prosody in its own terms, voices, styles, connections."""

import contextlib
from pathlib import Path

import pytest

from danmu_tts.adapters.backends import voice_list
from danmu_tts.adapters.backends.azure import AzureBackend
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.errors import BackendUnavailableError
from danmu_tts.domain.speech import Prosody, SpeechRequest
from tests.builders.fake_backend import FakeBackend
from tests.builders.speak_bench import speak_bench
from tests.builders.vendors import OpenVendor, Vendor, azure, azure_words, edge, openai
from tests.fakes.azure import FakeAzure
from tests.fakes.edge import FakeEdge
from tests.fakes.openai import FakeOpenAI
from tests.fakes.vendor import Fault, Received, VendorServer

PROSODY = Prosody(speed=1.5, pitch_semitones=2, volume=0.5)


async def spoken_by(vendor: Vendor, tmp_path: Path, request: SpeechRequest) -> Received:
    await speak_bench(vendor.backend, directory=tmp_path).service.speak(request)
    await vendor.backend.cleanup()
    assert isinstance(vendor.server, VendorServer)
    return vendor.server.received[-1]


async def test_edge_gets_percents_and_hertz(tmp_path: Path) -> None:
    with edge() as vendor:
        got = await spoken_by(vendor, tmp_path, SpeechRequest("你好", prosody=PROSODY))
    assert (got.voice, got.rate, got.pitch, got.volume) == ("zh-CN-XiaoxiaoNeural", "+50%", "+26Hz", "-50%")


@pytest.mark.parametrize("open_vendor", [azure, azure_words])
async def test_azure_gets_percents_and_semitones(tmp_path: Path, open_vendor: OpenVendor) -> None:
    with open_vendor() as vendor:
        got = await spoken_by(vendor, tmp_path, SpeechRequest("你好", prosody=PROSODY))
    assert (got.voice, got.rate, got.pitch, got.volume) == ("zh-CN-XiaoxiaoNeural", "+50%", "+2.00st", "-50%")


async def test_openai_gets_a_speed_that_makes_up_for_the_pitch(tmp_path: Path) -> None:
    with openai() as vendor:
        service = speak_bench(vendor.backend, directory=tmp_path).service
        speech = await service.speak(
            SpeechRequest("你好，世界", prosody=Prosody(speed=1.5, pitch_semitones=12), format=AudioFormat.WAV)
        )
        await vendor.backend.cleanup()
        assert isinstance(vendor.server, FakeOpenAI)
        assert b'"speed":0.75' in vendor.server.received[0].raw.replace(" ", "").encode()
    assert speech.encoded.duration_ms == pytest.approx(5 * 80 / 1.5, rel=0.2)


async def test_a_style_is_sent_only_to_a_voice_that_has_it(tmp_path: Path) -> None:
    with azure() as vendor:
        await vendor.backend.health_check()  # fetches the list, which names the styles
        assert isinstance(vendor.backend, AzureBackend)
        styled = next(voice for voice in await vendor.backend.get_voices() if voice.styles)
        request = SpeechRequest("hello", voice=styled.id, style=styled.styles[0])
        assert (await spoken_by(vendor, tmp_path / "a", request)).style == styled.styles[0]
        request = SpeechRequest("hello", voice=styled.id, style="like nobody")
        assert (await spoken_by(vendor, tmp_path / "b", request)).style == ""


async def test_a_withdrawn_voice_is_replaced_by_its_backends_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_list, "_FRESH_S", -1)  # the list that is had first is old by the time it matters
    for open_vendor in (edge, azure, azure_words):
        with open_vendor() as vendor:
            assert isinstance(vendor.server, FakeEdge | FakeAzure)
            await vendor.backend.health_check()  # fetches the list in which it still is
            vendor.server.voices = [
                voice for voice in vendor.server.voices if voice["ShortName"] != "zh-CN-XiaoxiaoNeural"
            ]
            service = speak_bench(vendor.backend, FakeBackend(), directory=tmp_path / vendor.name).service
            speech = await service.speak(SpeechRequest("你好", voice="zh-CN-XiaoxiaoNeural"))
            await vendor.backend.cleanup()
        assert speech.encoded.backend == vendor.backend.name
        assert speech.fallback is not None
        assert speech.fallback.reason == "voice_gone"


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.GARBAGE, Fault.SILENT, Fault.RESET, Fault.TRUNCATED])
@pytest.mark.parametrize("open_vendor", [edge, azure, openai])
async def test_the_last_good_voices_are_kept_while_the_vendor_is_away(fault: Fault, open_vendor: OpenVendor) -> None:
    with open_vendor() as vendor:
        before = await vendor.backend.get_voices()
        assert isinstance(vendor.server, VendorServer)
        vendor.server.fault = vendor.server.voices_fault = fault
        with contextlib.suppress(BackendUnavailableError):
            await vendor.backend.health_check()
        assert {voice.id for voice in before} == {voice.id for voice in await vendor.backend.get_voices()}
        await vendor.backend.cleanup()


@pytest.mark.parametrize("open_vendor", [azure, openai, azure_words])
async def test_connections_are_reused(open_vendor: OpenVendor, tmp_path: Path) -> None:
    with open_vendor() as vendor:
        service = speak_bench(vendor.backend, directory=tmp_path).service
        for number in range(6):
            await service.speak(SpeechRequest(f"hello number {number}", language="en"))
        assert vendor.server.requests == 6
        assert vendor.server.connections <= 2  # the list of voices came meanwhile
        await vendor.backend.cleanup()


async def test_a_compatible_server_lists_its_own_voices_and_may_answer_wav(tmp_path: Path) -> None:
    with openai() as vendor:
        assert isinstance(vendor.server, FakeOpenAI)
        vendor.server.always_wav = True
        vendor.server.voices = ["zf_xiaobei", "am_adam"]
        service = speak_bench(vendor.backend, directory=tmp_path).service
        speech = await service.speak(SpeechRequest("你好"))
        await vendor.backend.cleanup()
    assert speech.encoded.duration_ms == 160

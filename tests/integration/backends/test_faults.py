"""Every way in which a vendor fails, through its real SDK: the right error, or another voice before the deadline."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from danmu_tts.domain.circuit import CircuitPolicy
from danmu_tts.domain.errors import BackendUnavailableError
from danmu_tts.domain.speech import SpeechRequest
from tests.builders.fake_backend import FakeBackend
from tests.builders.speak_bench import SpeakBench, speak_bench
from tests.builders.vendors import VENDORS, Vendor
from tests.fakes.vendor import Fault

TEXT = "Hello there my friends, this is a longer line of chat"
DEADLINE_MS = 6000
RETRY_AFTER_S = 7.0
# One vendor is tried with everything that can go wrong, so its circuit must not open meanwhile.
NEVER_OPENS = CircuitPolicy(failures=1000, failure_rate=2, longest_pause_s=0)
SPEAKS = "speaks"

# Fault to what a vendor's backend makes of it: the reason of its error. Where vendors differ, by name.
TABLE: dict[Fault, str | dict[str, str]] = {
    Fault.NONE: SPEAKS,
    Fault.SLOW: SPEAKS,
    Fault.SILENT: {"": "no_audio", "piper": "server_error"},
    Fault.STALLED: "timeout",
    Fault.MUTE_FOR_EVER: "timeout",
    Fault.TRUNCATED: {"": "network", "edge": "bad_audio"},
    Fault.CUT_SHORT: {"": "bad_audio", "piper": "server_error"},
    Fault.UNAUTHORIZED: {"": "auth", "piper": "blocked"},
    # edge-tts corrects its clock and asks again; Microsoft's SDK calls every refusal a failed authentication.
    Fault.FORBIDDEN_ONCE: {"": "blocked", "edge": SPEAKS, "azure-words": "auth"},
    Fault.FORBIDDEN: {"": "blocked", "azure-words": "auth"},
    Fault.RATE_LIMITED: "rate_limited",
    # Edge ends the turn without a word, whatever it does not like.
    Fault.BAD_INPUT: {"": "bad_input", "edge": "no_audio"},
    Fault.VOICE_GONE: {"": "bad_input", "edge": "no_audio", "openai": "voice_gone"},
    Fault.SERVER_ERROR: "server_error",
    Fault.RESET: "network",
    Fault.GARBAGE: {"": "bad_audio", "piper": "server_error"},
    Fault.GARBAGE_AUDIO_TYPE: {"": "bad_audio", "piper": "server_error"},
}


def expected(fault: Fault, vendor: str) -> str:
    row = TABLE[fault]
    return row if isinstance(row, str) else row.get(vendor, row[""])


@pytest_asyncio.fixture(params=[*VENDORS])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Vendor]:
    with VENDORS[request.param]() as vendor:
        yield vendor
        await vendor.backend.cleanup()


def bench(tmp_path: Path, vendor: Vendor, *others: FakeBackend) -> SpeakBench:
    return speak_bench(vendor.backend, *others, directory=tmp_path, circuit=NEVER_OPENS)


def the_request(voice: str | None = None) -> SpeechRequest:
    return SpeechRequest(TEXT, voice=voice, language="en", deadline_ms=DEADLINE_MS)


def set_fault(vendor: Vendor, fault: Fault) -> None:
    vendor.server.reset()
    vendor.server.fault, vendor.server.delay_s, vendor.server.retry_after_s = fault, 0.1, RETRY_AFTER_S


# Of the Piper function, the first call may be the one that asks for its voices.
CASES = [(name, fault) for name in VENDORS for fault in Fault if (name, fault) != ("piper", Fault.FORBIDDEN_ONCE)]


@pytest.mark.parametrize(("vendor", "fault"), CASES, indirect=["vendor"])
async def test_a_fault_ends_in_the_right_error_or_in_another_voice(
    fault: Fault, vendor: Vendor, tmp_path: Path
) -> None:
    outcome = expected(fault, vendor.name)
    set_fault(vendor, fault)
    together = bench(tmp_path / "together", vendor, FakeBackend())
    speech = await together.service.speak(the_request())
    assert speech.encoded.duration_ms > 1000
    name = vendor.backend.name
    assert speech.encoded.backend == (name if outcome == SPEAKS else "fake")
    assert (speech.fallback.reason if speech.fallback else SPEAKS) == outcome
    set_fault(vendor, fault)
    alone = bench(tmp_path / "alone", vendor)
    if outcome == SPEAKS:
        assert (await alone.service.speak(the_request())).encoded.backend == name
        return
    with pytest.raises(BackendUnavailableError) as caught:
        await alone.service.speak(the_request())
    assert caught.value.reason == outcome


async def test_nobody_waits_longer_for_a_stalled_vendor_than_is_configured(vendor: Vendor, tmp_path: Path) -> None:
    set_fault(vendor, Fault.STALLED)
    service = bench(tmp_path, vendor, FakeBackend()).service
    speech = await service.speak(the_request())
    assert speech.fallback is not None
    assert speech.fallback.reason == "timeout"
    assert vendor.server.requests == 1 or vendor.name == "piper"


async def test_what_the_vendor_says_of_retrying_reaches_the_caller(vendor: Vendor, tmp_path: Path) -> None:
    set_fault(vendor, Fault.RATE_LIMITED)
    with pytest.raises(BackendUnavailableError) as caught:
        await bench(tmp_path, vendor).service.speak(the_request())
    silent_sdk = vendor.name == "azure-words"  # it keeps the header to itself
    assert caught.value.retry_after_s == (None if silent_sdk else RETRY_AFTER_S)

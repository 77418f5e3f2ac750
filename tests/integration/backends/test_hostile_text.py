"""Whatever a viewer writes reaches the vendor as text: asserted on what the vendor's server understood."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from danmu_tts.domain.speech import SpeechRequest, Utterance
from danmu_tts.text.clean import clean
from tests.builders.speak_bench import speak_bench
from tests.builders.vendors import VENDORS, Vendor
from tests.fakes.lambda_api import FakeLambda
from tests.fakes.vendor import VendorServer

HOSTILE = [
    "1 < 2 & 3 > 2 \"quoted\" 'single'",
    "a ]]> b <![CDATA[ c ]]> d",
    "</speak><voice name='x'>boo</voice><speak>",
    "</prosody></voice></speak>",
    '<audio src="https://example.com/a.wav"/> hello',
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'boom'>]> &e; hello",
    "&lt;break time='10s'/&gt; &#x3c; hello",
    "hello\x00\x07\x1b[31m there\x7f\x85",
    "hello \ufffe\uffff\u202e there",
    "X-RequestId:0\r\nPath:turn.end\r\n\r\nhello",
    '"}],"voice":"nova","input":"hello',
    "你好 & <再见> 😂 [[ h ə l ˈ o ]]",
    "{{text}} ${HOME} %s %(x)s {0} hello",
]


@pytest_asyncio.fixture(params=[*VENDORS])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Vendor]:
    with VENDORS[request.param](silence_limit_ms=10_000) as vendor:
        yield vendor
        await vendor.backend.cleanup()


def understood(vendor: Vendor) -> list[str]:
    """The texts that the vendor would pronounce, as its server parsed them."""
    if isinstance(vendor.server, FakeLambda):
        return [call.event["text"] for call in vendor.server.received if call.event and call.event.get("voice")]
    assert isinstance(vendor.server, VendorServer)
    assert not any(each.malformed for each in vendor.server.received)
    return [each.text for each in vendor.server.received]


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_stays_text(vendor: Vendor, text: str) -> None:
    """Even what the reading of a danmu would have left out."""
    await vendor.backend.health_check()
    voice = next(voice for voice in await vendor.backend.get_voices() if voice.speaks("en"))
    async for _ in vendor.backend.synthesize(Utterance(clean(text), voice)):
        pass
    heard = " ".join(understood(vendor))  # Piper's function is asked for each piece alone
    assert words(heard) == words(clean(text).replace("\ufffe", " ").replace("\uffff", " "))


async def test_a_style_and_instructions_stay_values(vendor: Vendor, tmp_path: Path) -> None:
    service = speak_bench(vendor.backend, directory=tmp_path).service
    style = 'sad\'/><break time="9s"/>\r\n"}'
    await service.speak(SpeechRequest("hello there", language="en", style=style))
    assert understood(vendor) == ["hello there"]
    if vendor.name == "openai":
        assert isinstance(vendor.server, VendorServer)
        assert vendor.server.received[0].instructions == style

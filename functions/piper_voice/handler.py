"""The Lambda entry point: ``functions.piper_voice.handler.handler``. Called directly by the other functions."""

from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from danmu_tts import process_loop
from danmu_tts.domain.audio import AudioFormat
from danmu_tts.domain.errors import BackendUnavailableError, DanmuTTSError, NothingToSayError, VoiceNotFoundError
from danmu_tts.domain.speech import Prosody, Script, SpeechRequest
from functions.warm_up import at_start
from speech_contract.piper import (
    BAD_MESSAGE,
    NOTHING_TO_SAY,
    VOICE_GONE,
    PiperCaption,
    PiperSpoken,
    PiperVoice,
    SpeakPiper,
)

_PATIENCE_S = 28.0


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Speak one text, or name the voices. A failure is an answer too: an exception would lose its kind on the way."""
    try:
        message = SpeakPiper.model_validate(event)
        answer = process_loop.run(_answer(message))
    except ValidationError:
        answer = PiperSpoken(error=BAD_MESSAGE, message="The event is no SpeakPiper message.")
    except NothingToSayError as error:
        answer = PiperSpoken(error=NOTHING_TO_SAY, message=error.message)
    except VoiceNotFoundError as error:
        answer = PiperSpoken(error=VOICE_GONE, message=error.message)
    except DanmuTTSError as error:
        reason = error.reason if isinstance(error, BackendUnavailableError) else error.code
        answer = PiperSpoken(error=reason, message=error.message)
    return answer.model_dump(mode="json")


async def _answer(message: SpeakPiper) -> PiperSpoken:
    from danmu_tts.bootstrap import piper_container

    container = piper_container()
    if message.voice is None:
        voices = await container.backends.list_voices()
        return PiperSpoken(
            voices=tuple(
                PiperVoice(name=each.name, language=each.language, gender=each.gender, revision=each.revision)
                for each in voices
            )
        )
    voice = await container.backends.find_voice(f"piper:{message.voice}")
    request = SpeechRequest(message.text, format=AudioFormat.WAV, prosody=Prosody(speed=message.tempo))
    made = await container.maker.make(request, Script.of(message.text, voice), _PATIENCE_S)
    captions = tuple(PiperCaption(**asdict(caption)) for caption in made.encoded.captions)
    return PiperSpoken(audio=made.encoded.audio, captions=captions)


def _warm() -> None:
    from danmu_tts.bootstrap import piper_container

    process_loop.run(piper_container().backends.watched["piper"].backend.initialize())


at_start(_warm)

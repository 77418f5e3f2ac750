"""Who says which part of a reading."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from danmu_tts.domain.errors import VoiceNotFoundError
from danmu_tts.domain.selection import Wish
from danmu_tts.domain.speech import Part, Script, SpeechRequest
from danmu_tts.domain.voices import ANY_LANGUAGE, Voice, primary_subtag
from danmu_tts.services.backends import BackendManager
from danmu_tts.text.variants import written_for

if TYPE_CHECKING:
    from danmu_tts.text.reading import Reading


class Scripts:
    """See the module. One instance a process."""

    def __init__(self, backends: BackendManager) -> None:
        self._backends = backends

    async def write(self, reading: "Reading", voice: Voice, request: SpeechRequest) -> Script:
        """Give each part to a voice of its language; to the line's own where that reads it, or nobody else does.

        Whoever asks for a voice by name hears no other. Others than the line's own are never paid.
        """
        voices = {primary_subtag(voice.language): voice}
        if len(reading.spans) > 1 and self._needs_others(reading, voice, request):
            for span in reading.spans:
                if span.language not in voices:
                    voices[span.language] = await self._other(span.language, voice, request)
        parts: list[Part] = []
        for text, language, hidden in _pieces(reading):
            speaker = None if hidden else voices.get(language, voice)
            said = written_for(text, speaker.language) if speaker else text
            if parts and parts[-1].voice == speaker and speaker:
                parts[-1] = Part(parts[-1].text + said, speaker)
            else:
                parts.append(Part(said, speaker))
        is_told = self._backends.watched[voice.backend].backend.traits.needs_language
        return Script(voice, tuple(parts), (request.language or reading.language) if is_told else "")

    def _needs_others(self, reading: "Reading", voice: Voice, request: SpeechRequest) -> bool:
        by_name = request.voice is not None and not self._backends.choice.is_alias(request.voice)
        if by_name or request.backend or request.language or primary_subtag(voice.language) == ANY_LANGUAGE:
            return False
        reads = {primary_subtag(voice.language)}
        if self._backends.watched[voice.backend].backend.traits.reads_english:
            reads.add("en")
        return any(span.language not in reads for span in reading.spans)

    async def _other(self, language: str, voice: Voice, request: SpeechRequest) -> Voice:
        """The best free voice of a language that is fit; the line's own where there is none."""
        if voice.speaks(language):
            return voice
        try:
            ranked = await self._backends.rank(Wish(language, request.voice))
        except VoiceNotFoundError:
            return voice
        return next((each for each in ranked if self._is_free(each) and self._backends.is_fit(each.backend)), voice)

    def _is_free(self, voice: Voice) -> bool:
        return not self._backends.is_paid(voice.backend)


def _pieces(reading: "Reading") -> Iterator[tuple[str, str, bool]]:
    """The text by language, cut around what is hidden by a tone: text, language, whether it is hidden."""
    edges = sorted({edge for beep in reading.beeps for edge in beep})
    start = 0
    for span in reading.spans:
        end = start + len(span.text)
        for first, last in pairwise([start, *(edge for edge in edges if start < edge < end), end]):
            hidden = any(begins <= first < ends for begins, ends in reading.beeps)
            yield reading.spoken[first:last], span.language, hidden
        start = end

"""A plugin that shouts: every text in capitals, with the chat's "gg" written out."""

import re
from dataclasses import replace

from danmu_tts.domain.speech import Speech, SpeechRequest

# Not \b: a hanzi is a word character too, and "gg啊" should be understood.
_GOOD_GAME = re.compile("(?<![a-z])gg(?![a-z])", re.IGNORECASE)


class Shout:
    """See ``ports.Plugin``. The class is the factory: it is called without arguments, once a process."""

    name = "shout"
    version = "1.0.0"
    leaves_audio = True  # so it may be heard while it is made

    def pre_process(self, request: SpeechRequest) -> SpeechRequest:
        """Change what is said; the cache and the choice of the voice go by the changed text."""
        return replace(request, text=_GOOD_GAME.sub("good game", request.text).upper())

    def post_process(self, speech: Speech) -> Speech:
        """Leave the answer as it is."""
        return speech

"""What the steps of reading a line share."""

from danmu_tts.text.rules import ReadingRules
from danmu_tts.text.spans import Spans, find_spans


class Line:
    """One line's rules, and the language it turned out to be in."""

    __slots__ = ("_own_words", "asked", "language", "rules")

    def __init__(self, rules: ReadingRules, asked: str | None) -> None:
        """``asked``: the language, where it was told."""
        self.rules = rules
        self.asked = asked
        self._own_words = rules.vocabulary.slang.get(rules.default_language, {})
        self.language = asked or rules.default_language

    def spans(self, text: str) -> Spans:
        """The text's languages."""
        if self.asked:
            return Spans((0,), (self.asked,), self.asked)
        rules = self.rules
        return find_spans(text, rules.default_language, rules.vocabulary.letter_words, self._own_words)

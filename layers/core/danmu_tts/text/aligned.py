"""A text under change that remembers which character of the original each of its own stands for."""

import re
from collections.abc import Callable, Sequence


class Aligned:
    """See the module. Immutable.

    Attributes:
        text: what it reads now.
        origins: for each character of ``text`` the index, in the original, of the character that it stands for. They
            never fall. What was removed belongs to the character before it.
    """

    __slots__ = ("origins", "text")

    def __init__(self, text: str, origins: Sequence[int] | None = None) -> None:
        """``origins``: None for an original itself."""
        self.text = text
        self.origins: Sequence[int] = range(len(text)) if origins is None else origins

    def sub(self, pattern: re.Pattern[str], replacement: str | Callable[[re.Match[str]], str]) -> "Aligned":
        """As ``re.sub``, for patterns that match a character or more; a plain ``replacement`` has no escapes."""
        text, old = self.text, self.origins
        pieces: list[str] = []
        origins: list[int] = []
        at = 0
        for match in pattern.finditer(text):
            start, end = match.span()
            new = replacement if isinstance(replacement, str) else replacement(match)
            if new == match[0]:
                continue
            pieces += text[at:start], new
            origins += old[at:start]
            if len(new) == end - start:
                origins += old[start:end]
            else:  # spread evenly, as a highlight moves over a word
                origins += [old[start + index * (end - start) // len(new)] for index in range(len(new))]
            at = end
        if not pieces:
            return self
        pieces.append(text[at:])
        origins += old[at:]
        return Aligned("".join(pieces), origins)

    def cut(self, start: int, end: int) -> "Aligned":
        """The part from ``start`` to ``end``, as a slice has it."""
        return self if end - start == len(self.text) else Aligned(self.text[start:end], self.origins[start:end])

    def replaced(self, start: int, end: int, new: str) -> "Aligned":
        """With other characters in the place of one or more."""
        stood = self.origins[start:end]
        origins = [stood[index * len(stood) // len(new)] for index in range(len(new))]
        text = self.text[:start] + new + self.text[end:]
        return Aligned(text, [*self.origins[:start], *origins, *self.origins[end:]])

    def strip(self) -> "Aligned":
        """Without spaces at its ends."""
        text = self.text
        start = len(text) - len(text.lstrip())
        return self.cut(start, max(start, len(text.rstrip())))

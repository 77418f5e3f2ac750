"""Which jobs are said together: a batch takes as long as its longest row, and shorter ones are padded to that."""

import unicodedata
from collections.abc import Sequence

from gpu_service.tickets import Ticket
from speech_contract.jobs import SpeechJob

_WIDE = 3
"""A Chinese or Japanese character takes about as long to say as three Latin letters."""

_SHORT = 30
"""Lines up to here (two seconds or so) are all short: a batch has costs of its own that outweigh their padding."""

_RATIO = 2
"""Longest to shortest in a batch: at most half of a row is padding."""

_ALONE_FROM_RECEIVES = 3


def spoken_length(job: SpeechJob) -> int:
    """How long its longest part takes to say, roughly, in Latin letters: each part is a row of its own."""
    return max(sum(_WIDE if unicodedata.east_asian_width(char) in "WF" else 1 for char in part) for part in job.parts)


def rows_with(lead: Ticket, others: Sequence[Ticket], most_rows: int) -> list[Ticket]:
    """A batch of at most ``most_rows``, led by ``lead``: of its queue first, then of its voice, else in given order.

    A job that was received before may be what ended a process. The second time it is made with its like, from the
    third on alone, so that it takes no other with it.
    """
    if lead.receives >= _ALONE_FROM_RECEIVES:
        return [lead]
    alike = [other for other in others if other is not lead and other.receives == lead.receives]
    alike.sort(key=lambda other: (other.lane != lead.lane, _voice(other.job) != _voice(lead.job)))  # stable
    rows = [lead]
    shortest = longest = _padded_length(lead.job)
    for other in alike:
        length = _padded_length(other.job)
        if max(longest, length) <= _RATIO * min(shortest, length) and len(rows) < most_rows:
            rows.append(other)
            shortest, longest = min(shortest, length), max(longest, length)
    return rows


def _padded_length(job: SpeechJob) -> int:
    return max(_SHORT, spoken_length(job))


def _voice(job: SpeechJob) -> tuple[str, str | None]:
    return job.speaker, job.reference.sha256 if job.reference else None

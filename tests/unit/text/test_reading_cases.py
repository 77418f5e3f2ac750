"""What a good reader says: one case a line, written by hand, in ``cases``.

Each is ``[original, spoken]``, or with the spans (a language for the whole, or pairs of text and
language; Chinese where there are none), or with the verdict too (``mask profanity``).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders.reading import reader

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    original: str
    spoken: str
    spans: Any = "zh"
    verdict: str = "allow"


CASES = {
    f"{path.stem}:{number}": Case(*json.loads(line))
    for path in sorted(FOLDER.glob("*.jsonl"))
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_read_as_a_person_would(name: str) -> None:
    case = CASES[name]
    reading = reader().read(case.original)
    assert reading.spoken == case.spoken
    whole = [[case.spoken, case.spans]] if case.spoken else []
    assert [[span.text, span.language] for span in reading.spans] == (
        whole if isinstance(case.spans, str) else case.spans
    )
    assert " ".join([reading.verdict.action, *reading.verdict.categories]) == case.verdict


def test_there_are_hundreds_of_them() -> None:
    assert len(CASES) >= 300
    assert len({case.original for case in CASES.values()}) == len(CASES)

import pytest

from danmu_tts.domain.speech import Priority, Prosody


@pytest.mark.parametrize(("semitones", "ratio"), [(0, 1), (12, 2), (-12, 0.5), (4, 1.259921), (-7, 0.667420)])
def test_pitch_ratio_is_equal_temperament(semitones: float, ratio: float) -> None:
    assert Prosody(pitch_semitones=semitones).pitch_ratio == pytest.approx(ratio, rel=1e-6)


def test_the_urgent_sort_first() -> None:
    assert sorted([Priority.LOW, Priority.HIGH, Priority.NORMAL]) == [Priority.HIGH, Priority.NORMAL, Priority.LOW]

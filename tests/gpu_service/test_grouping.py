from gpu_service.grouping import rows_with, spoken_length
from gpu_service.tickets import Ticket
from tests.builders.jobs import speech_job


def ticket(text: str = "大家好", receives: int = 1, speaker: str = "ana-florence") -> Ticket:
    return Ticket(speech_job(text, speaker=speaker), "standard", receives)


def test_a_chinese_character_is_as_long_as_three_letters() -> None:
    assert spoken_length(speech_job("你好 abc")) == 3 + 3 + 4


def test_a_job_is_as_long_as_its_longest_part() -> None:
    assert spoken_length(speech_job(parts=("abc", "abcdef", "ab"))) == 6


def test_all_short_lines_go_together() -> None:
    lead, others = ticket("哈"), [ticket("大家晚上好呀")]
    assert rows_with(lead, others, 8) == [lead, *others]


def test_what_is_more_than_twice_as_long_waits_for_its_like() -> None:
    lead, like, longer = ticket("字" * 20), ticket("字" * 30), ticket("字" * 41)
    assert rows_with(lead, [longer, like], 8) == [lead, like]


def test_rows_are_like_each_other_and_not_only_like_the_lead() -> None:
    lead, half, double = ticket("字" * 40), ticket("字" * 21), ticket("字" * 79)
    assert rows_with(lead, [half, double], 8) == [lead, half]


def test_the_same_voice_comes_first() -> None:
    lead, other, same = ticket(), ticket(speaker="craig-gutsy"), ticket()
    assert rows_with(lead, [other, same], 2) == [lead, same]


def test_the_lead_is_not_in_its_batch_twice() -> None:
    lead, other = ticket(), ticket()
    assert rows_with(lead, [lead, other], 8) == [lead, other]


def test_a_second_try_is_made_with_its_like() -> None:
    lead, fresh, suspect = ticket(receives=2), ticket(), ticket(receives=2)
    assert rows_with(lead, [fresh, suspect], 8) == [lead, suspect]
    assert rows_with(fresh, [lead, suspect], 8) == [fresh]


def test_a_third_try_is_made_alone() -> None:
    lead = ticket(receives=3)
    assert rows_with(lead, [ticket(receives=3), ticket()], 8) == [lead]

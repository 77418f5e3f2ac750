import pytest

from danmu_tts.domain.access import ANONYMOUS, Principal, Scope
from danmu_tts.domain.errors import InvalidRequestError, VoiceNotFoundError
from danmu_tts.domain.reference_voices import (
    LOCAL_OWNER,
    ReferenceRecord,
    ReferenceState,
    check_wish,
    is_reference_id,
    owner_of,
    reference_id,
    speakable,
    unknown_reference,
)

ID = "0123456789abcdef" * 2
RECORD = ReferenceRecord(ID, "aaaaaaaaaaab", "mine", "audio/wav", 1000, "I agree to that, I do.", 1_700_000_000)


@pytest.mark.parametrize(
    ("voice", "found"),
    [
        (f"xtts:ref-{ID}", ID),
        (f"ref-{ID}", ID),
        ("xtts:ref-", ""),
        ("xtts:ref-../../x", "../../x"),
        ("ref-abc", "abc"),
        ("ref-", None),
        ("ref-xyz", None),
        ("xtts:ana-florence", None),
        (f"edge:ref-{ID}", None),
        (f"xtts:xtts:ref-{ID}", None),
        (f"XTTS:ref-{ID}", None),
        (f" ref-{ID}", None),
        ("", None),
    ],
)
def test_the_names_of_own_voices_are_told_from_others(voice: str, found: str | None) -> None:
    assert reference_id(voice) == found


@pytest.mark.parametrize(
    "text", ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "../" + "a" * 29, "a" * 32 + "\n", "１" * 32]
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert not is_reference_id(text)
    assert is_reference_id(ID)


def test_a_key_owns_what_it_sent_and_the_keyless_own_theirs_together() -> None:
    assert owner_of(Principal("aaaaaaaaaaab", frozenset({Scope.SPEAK}))) == "aaaaaaaaaaab"
    assert owner_of(ANONYMOUS) == LOCAL_OWNER


def test_a_ready_voice_sounds_as_its_recording_does() -> None:
    ready = RECORD.ready("ab" * 32, 5000, now_s=1.9)
    assert (ready.state, ready.duration_ms, ready.checked_at) == (ReferenceState.READY, 5000, 1)
    voice = speakable(ready, "x")
    assert (voice.id, voice.language, voice.revision, voice.backend) == (f"xtts:ref-{ID}", "mul", "ab" * 32, "xtts")


@pytest.mark.parametrize(
    ("record", "why"),
    [(RECORD, "waits for its recording"), (RECORD.refused("It is silent.", now_s=1), "was refused: It is silent.")],
)
def test_a_voice_that_is_not_ready_says_why(record: ReferenceRecord, why: str) -> None:
    with pytest.raises(VoiceNotFoundError, match=why) as raised:
        speakable(record, "x" * 500)
    assert len(raised.value.message) < 300


def test_a_reason_is_kept_short() -> None:
    reason = RECORD.refused("x" * 10_000, now_s=1).reason
    assert reason is not None
    assert len(reason) == 500


@pytest.mark.parametrize("name", ["", " ", "\u200b", "a\nb", "a\x00", "\u202egnp", "\ud800"])
def test_a_name_shows(name: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        check_wish(name, 10, most_bytes=10)
    assert raised.value.param == "name"


def test_a_recording_may_be_as_large_as_the_limit() -> None:
    check_wish("我的声音 🎤", 10, most_bytes=10)
    with pytest.raises(InvalidRequestError, match="at most 10 bytes; 11 were announced"):
        check_wish("mine", 11, most_bytes=10)


def test_an_unknown_voice_is_named_no_longer_than_needed() -> None:
    assert len(unknown_reference("x" * 1000, param="id").message) < 200

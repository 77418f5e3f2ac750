"""Voices that callers bring along: taking a recording in, judging it, and letting nobody but its owner speak by it."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from danmu_tts.domain.access import Principal, Scope
from danmu_tts.domain.errors import BackendDisabledError, InvalidRequestError, StoreAwayError
from danmu_tts.domain.reference_voices import (
    ReferenceRecord,
    ReferenceState,
    check_wish,
    is_reference_id,
    owner_of,
    reference_id,
    speakable,
    unknown_reference,
)
from danmu_tts.observability import get_logger
from danmu_tts.ports.cache import ErasableCache
from danmu_tts.ports.reference_voices import (
    FitRecording,
    KeptReference,
    ReferenceExaminer,
    ReferenceRecordings,
    ReferenceRecords,
    ReferenceVoice,
    SpokenKeys,
    UploadForm,
    audio_key,
)
from speech_contract.jobs import Reference

logger = get_logger("reference_voices")

_EXAMINED_AT_ONCE = 2  # each holds a file and 50 MB of samples, at most
_MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class ReferenceStores:
    """Where voices are kept."""

    records: ReferenceRecords
    recordings: ReferenceRecordings


@dataclass(frozen=True, slots=True)
class ReferenceOptions:
    """What is allowed.

    Attributes:
        most_bytes: the largest recording.
        most_voices: of one owner.
        remembered_s: so long a voice is as it was when it was looked up last, in this process.
    """

    most_bytes: int
    most_voices: int
    remembered_s: float = 5.0


@dataclass(frozen=True, slots=True)
class ReferenceWish:
    """A recording that somebody wants to send.

    Attributes:
        upload_bytes: how large it is.
        consent_text: who agreed to what.
    """

    name: str
    content_type: str
    upload_bytes: int
    consent_text: str


class ReferenceVoices:
    """One instance a process. Every method but ``note_audio`` raises BackendDisabledError where there are none here.

    Those that take an id raise VoiceNotFoundError alike for one that nobody has and for one of somebody else's.
    """

    def __init__(
        self,
        stores: ReferenceStores | None,
        examiner: ReferenceExaminer,
        spoken: SpokenKeys,
        cache: ErasableCache,
        options: ReferenceOptions,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        *,
        absent: str = "",
    ) -> None:
        """``stores``: None where there are no such voices, and ``absent`` says why; ``clock`` gives Unix seconds.

        ``new_id`` gives 32 hexadecimal digits that nobody guesses.
        """
        self._stores = stores
        self._examiner = examiner
        self._spoken = spoken
        self._cache = cache
        self._options = options
        self._clock = clock
        self._new_id = new_id
        self._absent = absent
        self._places = asyncio.Semaphore(_EXAMINED_AT_ONCE)
        self._found: dict[tuple[str, str], tuple[float, ReferenceRecord | None]] = {}

    async def request_upload(self, caller: Principal, wish: ReferenceWish) -> tuple[ReferenceRecord, UploadForm]:
        """Begin a voice. Raises ForbiddenError, InvalidRequestError and StoreAwayError."""
        stores, owner = self._begin(caller)
        check_wish(wish.name, wish.upload_bytes, most_bytes=self._options.most_bytes)
        if await stores.records.count(owner) >= self._options.most_voices:
            raise self._too_many()
        record = ReferenceRecord(
            id=self._new_id(),
            owner=owner,
            name=wish.name,
            content_type=wish.content_type,
            upload_bytes=wish.upload_bytes,
            consent_text=wish.consent_text,
            created_at=int(self._clock()),
        )
        form = await stores.recordings.form(record)
        await stores.records.add(record)
        # Counted again: many may have asked at once, and each saw that there was room.
        if await stores.records.count(owner) > self._options.most_voices:
            await stores.records.remove(owner, record.id)
            raise self._too_many()
        return record, form

    async def check(self, caller: Principal, asked: str) -> ReferenceRecord:
        """Look at what was sent, and make it a voice; one that is ready stays as it is.

        Raises:
            ForbiddenError, VoiceNotFoundError, StoreAwayError.
            InvalidRequestError: it will not do, now or when it was looked at before; or nothing was sent yet.
        """
        stores, owner = self._begin(caller)
        kept = await self._kept(stores, owner, asked)
        if kept.record.state is ReferenceState.WAITING:
            kept = await self._judge(stores, kept)
        if kept.record.state is ReferenceState.REFUSED:
            raise InvalidRequestError(f"The recording was refused. {kept.record.reason}", param="file")
        return kept.record

    async def list(self, caller: Principal) -> Sequence[ReferenceRecord]:
        """The caller's own, the oldest first. Raises ForbiddenError and StoreAwayError."""
        stores, owner = self._begin(caller)
        return await stores.records.list(owner)

    async def get(self, caller: Principal, asked: str) -> ReferenceRecord:
        """One of the caller's own. Raises ForbiddenError, VoiceNotFoundError and StoreAwayError."""
        stores, owner = self._begin(caller)
        return (await self._kept(stores, owner, asked)).record

    async def delete(self, caller: Principal, asked: str) -> None:
        """Let a voice be no more: its recordings, its record, and what it has spoken.

        The record goes when the recordings have gone, so that whoever is told of a failure can try again; then they
        are looked for once more, as somebody may have been checking. Raises as ``get`` does.
        """
        stores, owner = self._begin(caller)
        record = (await self._kept(stores, owner, asked)).record
        await stores.recordings.drop(record)
        await stores.records.remove(owner, record.id)
        self._found.pop((owner, record.id), None)
        await stores.recordings.drop(record)
        try:
            for key in await self._spoken.take(record.voice):
                await self._cache.delete(key)
        except StoreAwayError:  # nobody can ask for it any more, and caches let it expire
            logger.warning("what a deleted voice has spoken stays in the caches", extra={"voice": record.voice})

    async def find(self, voice: str, caller: Principal) -> ReferenceVoice | None:
        """The caller's own voice of that name, as ``xtts:ref-…`` or ``ref-…``; None for the name of another voice.

        What was found, or not, is remembered for some seconds. Raises VoiceNotFoundError for one that is not ready
        too, and StoreAwayError.
        """
        wanted = reference_id(voice)
        if wanted is None:
            return None
        stores = self._use()
        owner = owner_of(caller)
        record = await self._recent(stores, owner, wanted) if is_reference_id(wanted) else None
        if record is None:
            raise unknown_reference(voice, param="voice")
        found = speakable(record, voice)
        return ReferenceVoice(found, Reference(key=audio_key(record.id), sha256=found.revision))

    async def note_audio(self, voice: str, cache_key: str) -> None:
        """Remember what a voice has spoken, to be deleted with it. Without the store it is forgotten."""
        with suppress(StoreAwayError):
            await self._spoken.note(voice, cache_key)

    def _use(self) -> ReferenceStores:
        if self._stores is None:
            raise BackendDisabledError(self._absent)
        return self._stores

    def _begin(self, caller: Principal) -> tuple[ReferenceStores, str]:
        """What whoever may have texts spoken may do, and no holder of a room token. Raises ForbiddenError."""
        caller.require(Scope.SPEAK)
        return self._use(), owner_of(caller)

    async def _kept(self, stores: ReferenceStores, owner: str, asked: str) -> KeptReference:
        kept = await stores.records.get(owner, asked) if is_reference_id(asked) else None
        if kept is None:
            raise unknown_reference(asked, param="id")
        return kept

    async def _recent(self, stores: ReferenceStores, owner: str, wanted: str) -> ReferenceRecord | None:
        now_s = self._clock()
        asked_at_s, record = self._found.get((owner, wanted), (None, None))
        if asked_at_s is not None and 0 <= now_s - asked_at_s < self._options.remembered_s:
            return record
        kept = await stores.records.get(owner, wanted)
        if len(self._found) >= _MOST_REMEMBERED:
            self._found.clear()
        self._found[owner, wanted] = (now_s, kept.record if kept else None)
        return kept.record if kept else None

    async def _judge(self, stores: ReferenceStores, kept: KeptReference) -> KeptReference:
        """Find out what was sent. Whoever is first writes it down, and the others go by that."""
        before = kept.record
        size_bytes = await stores.recordings.upload_bytes(before)
        if size_bytes is None:
            now = await self._kept(stores, before.owner, before.id)
            if now.record.state is ReferenceState.WAITING:
                raise InvalidRequestError("Nothing was uploaded yet. Send the file by the form first.", param="file")
            return now
        judged = await self._judged(stores, before, size_bytes)
        was_first = await stores.records.replace(judged, kept.version)
        self._found.pop((before.owner, before.id), None)
        if was_first:
            await stores.recordings.drop_upload(before)
            return replace(kept, record=judged)
        now_kept = await stores.records.get(before.owner, before.id)
        if now_kept is None or now_kept.record.state is ReferenceState.REFUSED:  # what was kept here is nobody's
            await stores.recordings.drop(before)
        return await self._kept(stores, before.owner, before.id)

    async def _judged(self, stores: ReferenceStores, record: ReferenceRecord, size_bytes: int) -> ReferenceRecord:
        most_bytes = min(record.upload_bytes, self._options.most_bytes)
        if size_bytes > most_bytes:
            reason = f"It has {size_bytes:,} bytes; {most_bytes:,} at most were to be sent."
            return record.refused(reason, now_s=self._clock())
        async with self._places:
            data = await stores.recordings.read_upload(record, most_bytes)
            found = await asyncio.to_thread(self._examiner.examine, data)
        if not isinstance(found, FitRecording):
            return record.refused(found.reason, now_s=self._clock())
        kept = FitRecording(await stores.recordings.keep(record, found.wav))
        return record.ready(hashlib.sha256(kept.wav).hexdigest(), kept.duration_ms, now_s=self._clock())

    def _too_many(self) -> InvalidRequestError:
        most = self._options.most_voices
        return InvalidRequestError(f"You have {most} voices, which is as many as one may have. Delete one first.")

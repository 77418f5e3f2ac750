"""How entries lie in a bucket. Everything here blocks: it is called in threads.

An entry is one audio object and one JSON object that describes it::

    audio/piper/3f/3f9a….5d41402a.mp3        metadata/3f/3f9a….json        temp/probe

A voice does not say the same thing twice in the same bytes. So the name of the audio has the beginning of its own
SHA-256 in it: two processes that make one key at once write two audio objects, never one over the other, and whichever
description is there matches its audio. The description is written last: what can be found is whole. An audio object
without a description (a process died, or came second) is left to the bucket's lifecycle rule.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from danmu_tts.adapters.aws.s3_errors import AlreadyThereError, NotThereError
from danmu_tts.adapters.aws.s3_objects import S3Objects
from danmu_tts.adapters.cache.description import Description, backend_folder
from danmu_tts.domain.audio import EncodedSpeech
from danmu_tts.observability import get_logger

logger = get_logger("cache")

_STORED_AT = "stored-at"


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """An audio object that is in the bucket. It is due for replacement ``renew_at`` (Unix seconds)."""

    name: str
    size_bytes: int
    renew_at: float


class S3Entries:
    """Reads and writes entries. Raises ``S3AwayError``."""

    def __init__(
        self,
        objects: S3Objects,
        clock: Callable[[], float],
        *,
        prefix: str,
        sse: str,
        ttl_s: float,
        renew_after_s: float,
    ) -> None:
        """An entry is found for ``ttl_s``; one older than ``renew_after_s`` is replaced when it is written again."""
        self._objects = objects
        self._clock = clock
        self._prefix = prefix
        self._sse = sse
        self._ttl_s = ttl_s
        self._renew_after_s = renew_after_s

    def read(self, key: str) -> tuple[EncodedSpeech, StoredAudio] | None:
        """Find an entry that is whole and has not expired. A damaged one loses its description."""
        about = self._describe(key)
        if about is None or self._clock() - about.stored_at > self._ttl_s:
            return None
        name = self._audio_name(key, about)
        try:
            audio = self._objects.get(name)
        except NotThereError:
            audio = b""
        if hashlib.sha256(audio).hexdigest() != about.sha256:
            self._remove(key)
            return None
        return about.with_audio(audio), self._stored(name, len(audio), about.stored_at)

    def find(self, key: str, speech: EncodedSpeech) -> StoredAudio | None:
        """Ask whether this very audio is there and not yet due for replacement."""
        name = self._audio_name(key, Description.of(speech, stored_at=0))
        try:
            facts = self._objects.look(name)
            stored = self._stored(name, facts.size_bytes, float(facts.metadata.get(_STORED_AT, "nan")))
        except (NotThereError, ValueError):
            return None
        if stored.size_bytes != len(speech.audio):
            self._remove(key)
            return None
        return stored if stored.renew_at > self._clock() else None

    def write(self, key: str, speech: EncodedSpeech) -> StoredAudio:
        """Store an entry where there is none, or an old one; the returned audio is there in any case."""
        about = Description.of(speech, stored_at=self._clock())
        name = self._audio_name(key, about)
        was_first = self._put_audio(key, speech, about, only_new=True)
        if not (was_first and self._put_description(key, about, only_new=True)):
            earlier = self._describe(key)
            if earlier and self._is_recent(earlier) and (was_first or earlier.sha256 == about.sha256):
                stored_at = about.stored_at if was_first else earlier.stored_at
                return self._stored(name, len(speech.audio), stored_at)
            if not was_first:  # an object of unknown age, which the lifecycle rule may be about to delete
                self._put_audio(key, speech, about)
            self._put_description(key, about)
        return self._stored(name, len(speech.audio), about.stored_at)

    def delete(self, key: str) -> None:
        """Delete an entry, with whatever other processes wrote under its key."""
        about = self._describe(key)
        self._objects.delete(self._description_name(key))
        if about:
            for name in self._objects.names(f"{self._audio_folder(key, about)}/{key}."):
                self._objects.delete(name)

    def probe(self) -> None:
        """Do once what entries need: write, read."""
        name = f"{self._prefix}temp/probe"
        self._objects.put(name, b"probe", ServerSideEncryption=self._sse)
        self._objects.get(name)

    def _describe(self, key: str) -> Description | None:
        try:
            return Description.model_validate_json(self._objects.get(self._description_name(key)))
        except NotThereError:
            return None
        except ValueError:  # pydantic's ValidationError is one
            self._remove(key)
            return None

    def _remove(self, key: str) -> None:
        """Without its description an entry is not there; its audio is written over when the entry is."""
        logger.warning("removed a damaged cache entry", extra={"key": key, "tier": "s3"})
        self._objects.delete(self._description_name(key))

    def _put_audio(self, key: str, speech: EncodedSpeech, about: Description, *, only_new: bool = False) -> bool:
        return self._put(
            self._audio_name(key, about),
            speech.audio,
            only_new=only_new,
            ContentType=speech.format.content_type,
            ContentDisposition=f'inline; filename="speech-{key[:12]}.{speech.format.value}"',
            CacheControl=f"private, max-age={int(self._ttl_s)}, immutable",
            Metadata={_STORED_AT: repr(about.stored_at)},
        )

    def _put_description(self, key: str, about: Description, *, only_new: bool = False) -> bool:
        data = about.model_dump_json().encode()
        return self._put(self._description_name(key), data, only_new=only_new, ContentType="application/json")

    def _put(self, name: str, data: bytes, *, only_new: bool, **headers: Any) -> bool:
        """Write; False where it was to be new and is not."""
        try:
            self._objects.put(name, data, only_new=only_new, ServerSideEncryption=self._sse, **headers)
        except AlreadyThereError:
            return False
        return True

    def _is_recent(self, about: Description) -> bool:
        return about.stored_at + self._renew_after_s > self._clock()

    def _stored(self, name: str, size_bytes: int, stored_at: float) -> StoredAudio:
        return StoredAudio(name, size_bytes, stored_at + self._renew_after_s)

    def _audio_name(self, key: str, about: Description) -> str:
        return f"{self._audio_folder(key, about)}/{key}.{about.sha256[:8]}.{about.format.value}"

    def _audio_folder(self, key: str, about: Description) -> str:
        return f"{self._prefix}audio/{backend_folder(about.voice)}/{key[:2]}"

    def _description_name(self, key: str) -> str:
        return f"{self._prefix}metadata/{key[:2]}/{key}.json"

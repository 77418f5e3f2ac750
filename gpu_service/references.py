"""Recordings to clone, fetched before it is their turn, so that the GPU need not wait for the network."""

import hashlib
import threading
from collections import OrderedDict

from gpu_service.aws import AwayError
from gpu_service.ports import Engine, LineError, Reference
from gpu_service.store import MissingError, Store
from speech_contract.jobs import Reference as StoredReference
from speech_contract.jobs import SpeechJob

_MOST_KEPT_BYTES = 128 * 2**20


class References:
    """Recordings of voices that the engine has not heard yet. Thread-safe."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def is_needed(self, job: SpeechJob) -> bool:
        """Whether the job has a recording that is neither here nor known to the engine."""
        if job.reference is None or self._engine.has_latents(job.reference.sha256):
            return False
        with self._lock:
            return job.reference.sha256 not in self._kept

    def prefetch(self, job: SpeechJob) -> None:
        """Have it here when it is asked for. What goes wrong now will be said then."""
        if job.reference is not None and self.is_needed(job):
            try:
                self._fetch(job.reference)
            except LineError:
                return

    def of(self, job: SpeechJob) -> Reference | None:
        """What the engine needs for the job. Raises LineError: bad_reference, store_away."""
        stored = job.reference
        if stored is None:
            return None
        if self._engine.has_latents(stored.sha256):
            return Reference(stored.sha256, None)
        with self._lock:
            wav = self._kept.get(stored.sha256)
        return Reference(stored.sha256, wav if wav is not None else self._fetch(stored))

    def _fetch(self, stored: StoredReference) -> bytes:
        try:
            wav = self._store.get(stored.key)
        except (MissingError, ValueError) as error:
            raise LineError("bad_reference", str(error)) from error
        except AwayError as error:
            raise LineError("store_away", str(error)) from error
        if hashlib.sha256(wav).hexdigest() != stored.sha256:
            raise LineError("bad_reference", f"{stored.key} is not the recording that the job names by its SHA-256")
        self._keep(stored.sha256, wav)
        return wav

    def _keep(self, sha256: str, wav: bytes) -> None:
        with self._lock:
            self._kept[sha256] = wav
            while sum(map(len, self._kept.values())) > _MOST_KEPT_BYTES and len(self._kept) > 1:
                self._kept.popitem(last=False)

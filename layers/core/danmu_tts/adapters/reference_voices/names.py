"""How reference voices lie in a bucket, which the GPU service reads too: a prefix of ours goes before none of this.

::

    models/reference_voices/{owner}/{id}.json    the record
    models/reference_voices/{id}.wav             the recording that is cloned
    temp/uploads/{id}                            what was sent

An owner's records lie in its folder, so nobody finds another's by asking for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from danmu_tts.adapters.aws.s3_errors import S3AwayError
from danmu_tts.domain.errors import StoreAwayError
from danmu_tts.observability import get_logger
from speech_contract.jobs import REFERENCE_PREFIX

logger = get_logger("reference_voices")

RECORD_SUFFIX = ".json"
_UPLOADS = "temp/uploads/"


def folder(owner: str) -> str:
    """Where an owner's lie."""
    return f"{REFERENCE_PREFIX}{owner}/"


def record_name(owner: str, reference_id: str) -> str:
    """Of a record."""
    return f"{folder(owner)}{reference_id}{RECORD_SUFFIX}"


def upload_name(reference_id: str) -> str:
    """Of what was sent."""
    return f"{_UPLOADS}{reference_id}"


@contextmanager
def store_errors() -> Iterator[None]:
    """The whole of an error names the bucket, which is the operator's business and not the caller's."""
    try:
        yield
    except S3AwayError as error:
        logger.warning("the reference voices' bucket is away", extra={"reason": str(error)})
        raise StoreAwayError(f"Reference voices cannot be reached now: {error.said}.") from error

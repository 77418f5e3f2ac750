"""botocore's exceptions, by table, as what they mean to a store.

::

    S3Error
    ├── NotThereError          no such object
    ├── AlreadyThereError      somebody else has written it, or is about to
    └── S3AwayError            not now: unreachable, too slow, overloaded, or failing by itself
        └── S3RefusedError     not until somebody acts: bucket, permissions, credentials, region
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, ClassVar


class S3Error(Exception):
    """Root of the tree.

    Attributes:
        said: what S3 answered, or how it failed to: in a word or two that name no bucket.
    """

    def __init__(self, said: str, advice: str = "") -> None:
        super().__init__(f"{said}: {advice}" if advice else said)
        self.said = said


class NotThereError(S3Error):
    """No such object."""


class AlreadyThereError(S3Error):
    """A write that asked to be the first was not."""


class S3AwayError(S3Error):
    """S3 cannot be used now. The message is for the log."""

    level: ClassVar[int] = logging.WARNING


class S3RefusedError(S3AwayError):
    """Waiting will not help. The message says what to do."""

    level: ClassVar[int] = logging.ERROR


_BY_CODE: dict[str, type[S3Error]] = {
    "NoSuchKey": NotThereError,
    "PreconditionFailed": AlreadyThereError,
    "ConditionalRequestConflict": AlreadyThereError,
    "NoSuchBucket": S3RefusedError,
    "RequestTimeout": S3AwayError,  # these have a 4xx status
    "RequestTimeTooSkewed": S3AwayError,
    "OperationAborted": S3AwayError,
}
_BY_STATUS: dict[int, type[S3Error]] = {
    HTTPStatus.NOT_FOUND: NotThereError,  # the answer to HEAD has no code
    HTTPStatus.PRECONDITION_FAILED: AlreadyThereError,
    HTTPStatus.CONFLICT: AlreadyThereError,
    HTTPStatus.REQUEST_TIMEOUT: S3AwayError,
    HTTPStatus.TOO_MANY_REQUESTS: S3AwayError,
}
# Of botocore.exceptions. What else it raises by itself speaks of credentials, settings or the region.
_NETWORK = (
    "HTTPClientError",
    "ConnectionError",
    "IncompleteReadError",
    "ChecksumError",
    "FlexibleChecksumError",
    "MetadataRetrievalError",
)


@contextmanager
def translated(bucket: str) -> Iterator[None]:
    """Raise what S3 answers, or fails to, as one of the tree."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        raise _of_answer(error.response, bucket) from error
    except (exceptions.BotoCoreError, OSError) as error:
        network = (OSError, *(getattr(exceptions, name) for name in _NETWORK))
        if isinstance(error, network):
            raise S3AwayError(type(error).__name__) from error
        raise _refused(type(error).__name__, bucket) from error


def _of_answer(answer: dict[str, Any], bucket: str) -> S3Error:
    code = answer.get("Error", {}).get("Code", "")
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None:
        kind = S3AwayError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else S3RefusedError
    said = f"{status} {code}"
    return _refused(said, bucket) if kind is S3RefusedError else kind(said)


def _refused(said: str, bucket: str) -> S3RefusedError:
    return S3RefusedError(
        said,
        f"check that bucket {bucket} exists in this region and that the role has s3:GetObject, s3:PutObject "
        f"and s3:DeleteObject on arn:aws:s3:::{bucket}/* and s3:ListBucket on arn:aws:s3:::{bucket}, without which "
        "S3 answers AccessDenied for what is merely not there",
    )

import logging

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from danmu_tts.adapters.aws.s3_errors import (
    AlreadyThereError,
    NotThereError,
    S3AwayError,
    S3Error,
    S3RefusedError,
    translated,
)


def an_answer(status: int, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (an_answer(404, "NoSuchKey"), NotThereError),
        (an_answer(404, "404"), NotThereError),
        (an_answer(404, "NoSuchBucket"), S3RefusedError),
        (an_answer(412, "PreconditionFailed"), AlreadyThereError),
        (an_answer(409, "ConditionalRequestConflict"), AlreadyThereError),
        (an_answer(409, "OperationAborted"), S3AwayError),
        (an_answer(500, "InternalError"), S3AwayError),
        (an_answer(503, "SlowDown"), S3AwayError),
        (an_answer(503, "503"), S3AwayError),
        (an_answer(429, ""), S3AwayError),
        (an_answer(400, "RequestTimeout"), S3AwayError),
        (an_answer(403, "AccessDenied"), S3RefusedError),
        (an_answer(403, "403"), S3RefusedError),
        (an_answer(400, "ExpiredToken"), S3RefusedError),
        (an_answer(301, "PermanentRedirect"), S3RefusedError),
        (ClientError({}, "GetObject"), S3RefusedError),
        (exceptions.EndpointConnectionError(endpoint_url="http://s3"), S3AwayError),
        (exceptions.ConnectTimeoutError(endpoint_url="http://s3"), S3AwayError),
        (exceptions.ReadTimeoutError(endpoint_url="http://s3"), S3AwayError),
        (exceptions.ConnectionClosedError(endpoint_url="http://s3"), S3AwayError),
        (exceptions.ResponseStreamingError(error="cut"), S3AwayError),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), S3AwayError),
        (exceptions.SSLError(endpoint_url="http://s3", error="bad"), S3AwayError),
        (ConnectionResetError(), S3AwayError),
        (exceptions.NoCredentialsError(), S3RefusedError),
        (exceptions.ProfileNotFound(profile="x"), S3RefusedError),
        (exceptions.NoRegionError(), S3RefusedError),
    ],
    ids=repr,
)
def test_each_failure_has_one_meaning(raised: Exception, kind: type[S3Error]) -> None:
    with pytest.raises(S3Error) as caught, translated("danmu-audio"):
        raise raised
    assert type(caught.value) is kind
    assert caught.value.__cause__ is raised


def test_what_somebody_must_mend_says_what_to_check() -> None:
    with pytest.raises(S3RefusedError) as caught, translated("danmu-audio"):
        raise an_answer(403, "AccessDenied")
    assert caught.value.level == logging.ERROR
    for part in ("403 AccessDenied", "s3:PutObject", "s3:GetObject", "arn:aws:s3:::danmu-audio/*"):
        assert part in str(caught.value)


def test_what_passes_by_itself_is_a_warning() -> None:
    assert S3AwayError.level == logging.WARNING


def test_our_own_mistakes_are_not_translated() -> None:
    with pytest.raises(KeyError), translated("danmu-audio"):
        raise KeyError("typo")

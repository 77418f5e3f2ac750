"""Our URLs against those that botocore signs: same parameters, same signature."""

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from danmu_tts.adapters.aws.presign import LONGEST_S, Presigner, SigningCredentials, bucket_url_of, is_aws

NOW = 1_800_000_000
REGION = "eu-west-1"
BUCKET_URL = "https://danmu-audio.s3.eu-west-1.amazonaws.com"
NAME = f"audio/edge/3f/{'3f' * 32}.5d41402a.mp3"
SIGNER = SigningCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
ascii_texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


def botocore_url(
    bucket_url: str, region: str, name: str, credentials: SigningCredentials, now: float, ttl_s: int
) -> str:
    request = AWSRequest("GET", f"{bucket_url}/{quote(name, safe='/~')}")
    frozen = ReadOnlyCredentials(credentials.access_key, credentials.secret_key, credentials.session_token)
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(int(now), UTC)):
        S3SigV4QueryAuth(frozen, "s3", region, ttl_s).add_auth(request)
    return str(request.url)


def taken_apart(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    assert len(query) == len(dict(query))
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(query)


@given(
    bucket_url=st.sampled_from(
        [
            BUCKET_URL,
            "https://s3.cn-north-1.amazonaws.com.cn/with.dots",
            "http://127.0.0.1:9000/danmu-audio",
            "https://minio.local/sub/danmu-audio",
        ]
    ),
    region=st.sampled_from([REGION, "us-east-1", "cn-north-1"]),
    name=texts,
    access_key=ascii_texts,
    secret_key=texts,
    token=st.none() | ascii_texts | texts,
    times=st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=3),
    ttl_s=st.integers(1, LONGEST_S),
)
def test_a_url_has_the_signature_that_botocore_makes(
    bucket_url: str,
    region: str,
    name: str,
    access_key: str,
    secret_key: str,
    token: str | None,
    times: list[int],
    ttl_s: int,
) -> None:
    credentials = SigningCredentials(access_key, secret_key, token)
    presigner = Presigner(bucket_url, region)
    for now in [*times, *times]:
        link = presigner.sign(name, credentials, now=now + 0.75, ttl_s=ttl_s)
        assert link is not None
        assert link.expires_at == now + ttl_s
        theirs = botocore_url(bucket_url, region, name, credentials, now, ttl_s)
        assert taken_apart(link.url) == taken_apart(theirs)


def test_other_credentials_and_another_day_get_keys_of_their_own() -> None:
    presigner = Presigner(BUCKET_URL, REGION)
    other = SigningCredentials("AKIDOTHER", "other", "token")
    for credentials, now in ((SIGNER, NOW), (other, NOW), (other, NOW + 86_400), (SIGNER, NOW)):
        link = presigner.sign(NAME, credentials, now=now, ttl_s=900)
        assert link is not None
        assert taken_apart(link.url) == taken_apart(botocore_url(BUCKET_URL, REGION, NAME, credentials, now, 900))


@pytest.mark.parametrize(
    ("expires_at", "ends_at"),
    [(None, NOW + 900), (NOW + 901, NOW + 900), (NOW + 900, NOW + 900), (NOW + 60.9, NOW + 60), (NOW + 1, NOW + 1)],
)
def test_a_link_does_not_outlive_its_credentials(expires_at: float | None, ends_at: int) -> None:
    credentials = SigningCredentials("AKID", "secret", "token", expires_at)
    link = Presigner(BUCKET_URL, REGION).sign(NAME, credentials, now=NOW, ttl_s=900)
    assert link is not None
    assert link.expires_at == ends_at
    assert taken_apart(link.url)[1]["X-Amz-Expires"] == str(ends_at - NOW)


@pytest.mark.parametrize("expires_at", [0, NOW - 1, NOW, NOW + 0.5])
def test_expired_credentials_sign_nothing(expires_at: float) -> None:
    credentials = SigningCredentials("AKID", "secret", "token", expires_at)
    assert Presigner(BUCKET_URL, REGION).sign(NAME, credentials, now=NOW, ttl_s=900) is None


def test_no_link_asks_for_more_than_s3_honours() -> None:
    link = Presigner(BUCKET_URL, REGION).sign(NAME, SIGNER, now=NOW, ttl_s=10 * LONGEST_S)
    assert link is not None
    assert link.expires_at == NOW + LONGEST_S
    assert taken_apart(link.url)[1]["X-Amz-Expires"] == "604800"


@pytest.mark.parametrize(
    ("endpoint_url", "bucket", "region", "bucket_url"),
    [
        ("https://s3.eu-west-1.amazonaws.com", "danmu-audio", REGION, BUCKET_URL),
        ("https://s3.amazonaws.com", "danmu", "us-east-1", "https://danmu.s3.us-east-1.amazonaws.com"),
        (
            "https://s3.cn-north-1.amazonaws.com.cn",
            "danmu",
            "cn-north-1",
            "https://danmu.s3.cn-north-1.amazonaws.com.cn",
        ),
        ("https://s3.eu-west-1.amazonaws.com", "with.dots", REGION, "https://s3.eu-west-1.amazonaws.com/with.dots"),
        ("http://127.0.0.1:9000", "danmu", REGION, "http://127.0.0.1:9000/danmu"),
        ("https://minio.local/sub/", "danmu", REGION, "https://minio.local/sub/danmu"),
    ],
)
def test_a_bucket_has_its_own_host_on_aws_and_a_path_elsewhere(
    endpoint_url: str, bucket: str, region: str, bucket_url: str
) -> None:
    assert bucket_url_of(endpoint_url, bucket, region) == bucket_url


@pytest.mark.parametrize(
    "endpoint_url", ["http://localhost:9000", "https://amazonaws.com.example.org", "https://notamazonaws.com"]
)
def test_only_aws_is_aws(endpoint_url: str) -> None:
    assert not is_aws(endpoint_url)


def test_no_secret_is_shown() -> None:
    shown = repr(SigningCredentials("AKID", "the-secret", "the-token"))
    assert "AKID" in shown
    assert "the-secret" not in shown
    assert "the-token" not in shown

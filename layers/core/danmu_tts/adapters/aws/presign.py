"""Presigned S3 URLs in microseconds: Signature Version 4 in the query string, with what a day's URLs share made once.

The algorithm: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from danmu_tts.ports import AudioLink

# The longest that S3 honours.
LONGEST_S = 7 * 24 * 3600

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True, slots=True)
class SigningCredentials:
    """Who signs, and until when a signature of theirs is honoured (Unix seconds; None: as long as it says itself)."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Day:
    """What all URLs of one day by one signer share. ``head`` and ``tail`` go around the times in the query."""

    date: str
    credentials: SigningCredentials
    scope: str
    signing_key: bytes
    head: str
    tail: str


class Presigner:
    """Signs GET requests, of the whole or of a range, for objects of one bucket. Safe to use from several threads."""

    def __init__(self, bucket_url: str, region: str) -> None:
        """``bucket_url``: where the bucket's objects are found, without a slash at its end; see ``bucket_url_of``."""
        parts = urlsplit(bucket_url)
        self._bucket_url = bucket_url
        self._host = parts.netloc
        self._path = parts.path
        self._region = region
        self._day: _Day | None = None

    def sign(self, name: str, credentials: SigningCredentials, *, now: float, ttl_s: int) -> AudioLink | None:
        """Sign the URL of an object.

        Args:
            name: the object's, not yet percent-encoded.
            credentials: the URL does not outlive them.
            now: Unix seconds.
            ttl_s: how long the URL should work.

        Returns:
            The URL and its end; None where the credentials have expired.
        """
        signed_at = int(now)
        expires_at = signed_at + min(ttl_s, LONGEST_S)
        if credentials.expires_at is not None and credentials.expires_at < expires_at:
            expires_at = int(credentials.expires_at)
        if expires_at <= signed_at:
            return None
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(signed_at))
        day = self._day
        if day is None or day.date != moment[:8] or day.credentials is not credentials:
            day = self._day = _day_of(moment[:8], credentials, self._region)
        encoded = quote(name, safe="/~")
        query = f"{day.head}{moment}&X-Amz-Expires={expires_at - signed_at}{day.tail}"
        request = f"GET\n{self._path}/{encoded}\n{query}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{day.scope}\n{digest}"
        signature = hmac.digest(day.signing_key, to_sign.encode(), "sha256").hex()
        return AudioLink(f"{self._bucket_url}/{encoded}?{query}&X-Amz-Signature={signature}", expires_at)


def bucket_url_of(endpoint_url: str, bucket: str, region: str) -> str:
    """Where a bucket's objects are found: under its own host on AWS, under a path of an emulator.

    A bucket with a dot in its name has no certificate for a host of its own, so it is found under a path too.
    """
    parts = urlsplit(endpoint_url)
    if not is_aws(endpoint_url):
        return f"{endpoint_url.rstrip('/')}/{bucket}"
    # SDKs call us-east-1 by the global host, which answers for a bucket elsewhere with a redirect or not at all.
    host = f"s3.{region}.amazonaws.com" if parts.netloc == "s3.amazonaws.com" else parts.netloc
    return f"https://{host}/{bucket}" if "." in bucket else f"https://{bucket}.{host}"


def is_aws(endpoint_url: str) -> bool:
    """Whether that is S3 itself."""
    return (urlsplit(endpoint_url).hostname or "").endswith(_AWS_DOMAINS)


def _day_of(date: str, credentials: SigningCredentials, region: str) -> _Day:
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = f"{date}/{region}/s3/aws4_request"
    signer = quote(f"{credentials.access_key}/{scope}", safe="~")
    token = credentials.session_token
    # In the order of their names, as the signature wants them.
    head = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={signer}&X-Amz-Date="
    tail = f"&X-Amz-Security-Token={quote(token, safe='~')}" if token else ""
    return _Day(date, credentials, scope, key, head, f"{tail}&X-Amz-SignedHeaders=host")

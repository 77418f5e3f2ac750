"""Log in to ElastiCache by IAM: the password is a signed URL that works for 15 minutes.

How it is made: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html. A connection stays logged in when
its password has expired (ElastiCache ends it after 12 hours), so a new one is needed for new connections only.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode

from redis.credentials import CredentialProvider

_WORKS_S = 900
# Renewed before its end, for clocks differ and a login takes time.
_USED_S = 600


class IamLogin(CredentialProvider):
    """Gives redis-py user and password, the same ones for ten minutes."""

    def __init__(
        self,
        cache_name: str,
        user: str,
        *,
        serverless: bool,
        sign: Callable[[str], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``sign`` presigns a GET of a URL; by default with this process's AWS credentials. Reads nothing yet."""
        query = {"Action": "connect", "User": user} | ({"ResourceType": "ServerlessCache"} if serverless else {})
        self._url = f"https://{cache_name}/?{urlencode(query)}"
        self._user = user
        self._sign = sign or _presigned
        self._clock = clock
        self._lock = threading.Lock()
        self._password = ""
        self._made_at_s = float("-inf")

    def get_credentials(self) -> tuple[str, str]:
        """User and password."""
        with self._lock:
            if self._clock() - self._made_at_s >= _USED_S:
                self._password = self._sign(self._url).removeprefix("https://")
                self._made_at_s = self._clock()
            return self._user, self._password

    async def get_credentials_async(self) -> tuple[str, str]:
        """The same without holding up the loop: the first time loads the AWS SDK."""
        return await asyncio.to_thread(self.get_credentials)


def _presigned(url: str) -> str:
    import boto3
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    session = boto3.Session()
    request = AWSRequest("GET", url)
    SigV4QueryAuth(session.get_credentials(), "elasticache", session.region_name, expires=_WORKS_S).add_auth(request)
    return str(request.url)

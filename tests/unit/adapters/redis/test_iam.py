"""ElastiCache's IAM login: what is signed, and when it is signed anew. AWS's own signer is the measure."""

from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from danmu_tts.adapters.redis.iam import IamLogin
from tests.builders.clock import FakeClock


class Signer:
    def __init__(self) -> None:
        self.signed: list[str] = []

    def __call__(self, url: str) -> str:
        self.signed.append(url)
        return f"{url}&X-Amz-Signature={len(self.signed)}"


def test_the_password_is_the_signed_url_without_its_scheme() -> None:
    signer = Signer()
    user, password = IamLogin("my-cache", "danmu", serverless=True, sign=signer).get_credentials()
    assert user == "danmu"
    assert password == "my-cache/?Action=connect&User=danmu&ResourceType=ServerlessCache&X-Amz-Signature=1"


def test_a_cache_that_has_nodes_names_no_resource_type() -> None:
    signer = Signer()
    IamLogin("my-cache", "danmu", serverless=False, sign=signer).get_credentials()
    assert signer.signed == ["https://my-cache/?Action=connect&User=danmu"]


async def test_it_is_signed_anew_before_it_ends() -> None:
    signer, clock = Signer(), FakeClock()
    login = IamLogin("my-cache", "danmu", serverless=True, sign=signer, clock=clock)
    first = await login.get_credentials_async()
    clock.advance(599)
    assert await login.get_credentials_async() == first
    clock.advance(1)
    assert await login.get_credentials_async() != first
    assert len(signer.signed) == 2


def test_by_itself_it_signs_as_aws_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    _, password = IamLogin("my-cache", "danmu", serverless=True).get_credentials()
    query = parse_qs(urlsplit(f"https://{password}").query)
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Credential"][0].endswith("/eu-west-1/elasticache/aws4_request")
    request = AWSRequest("GET", "https://my-cache/?Action=connect&User=danmu&ResourceType=ServerlessCache")
    SigV4QueryAuth(Credentials("AKIDEXAMPLE", "secret"), "elasticache", "eu-west-1", expires=900).add_auth(request)
    assert query.keys() == parse_qs(urlsplit(str(request.url)).query).keys()

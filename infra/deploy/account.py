"""Whose AWS it is, and where."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.deploy.errors import DeployError, aws_in_words

if TYPE_CHECKING:
    from boto3 import Session

# Nobody shall wait minutes to hear that the network is not there.
_CONNECT_S, _READ_S = 5, 10


@dataclass(frozen=True, slots=True)
class Account:
    """An account that lets us in, and the region that is meant."""

    id: str
    who: str
    region: str
    session: "Session"

    def client(self, service: str) -> Any:
        """boto3's, in this region."""
        return self.session.client(service, region_name=self.region)


def find_account() -> Account:
    """Ask AWS who we are. Raises DeployError where it does not know us, or no region is set."""
    import boto3
    from botocore.config import Config

    quick = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": 1})
    with aws_in_words():
        session = boto3.Session()  # boto3's usual one would remember credentials that are no longer there
        region = os.environ.get("AWS_REGION") or session.region_name
        if not region:
            advice = "Name the one next to you, e.g. AWS_REGION=ap-northeast-1 make deploy, or `aws configure`."
            raise DeployError("It is not said which region of AWS.", advice)
        # What SAM and our own adapters start finds it there.
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
        caller = session.client("sts", region_name=region, config=quick).get_caller_identity()
    return Account(caller["Account"], caller["Arn"].split(":", 5)[-1], region, session)


def is_emulated() -> bool:
    """Whether AWS_ENDPOINT_URL sends us to an emulator."""
    return bool(os.environ.get("AWS_ENDPOINT_URL"))

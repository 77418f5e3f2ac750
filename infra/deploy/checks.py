"""What an account may be too small for. None of it stops anybody: a limit can be raised later."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploy.account import Account
from infra.deploy.errors import DeployError
from infra.deploy.sam import ROOT

# Below, a room with a player, a console and a chat may have to wait for each other. New accounts have 10.
_FUNCTIONS_AT_ONCE = 100
# The smallest instance with one GPU, g4dn.xlarge.
_VCPUS = 4
# EC2's own names of "Running On-Demand G and VT instances" and "All G and VT Spot Instance Requests".
_ON_DEMAND, _SPOT = "L-DB2E81BA", "L-3819A6DF"
_CACHES = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at; ``is_well`` is False where it deserves a thought."""

    what: str
    is_well: bool
    detail: str


def find_tools() -> None:
    """Raise DeployError where something will stop SAM, or uv, which builds the layers."""
    if " " in str(ROOT):
        wrong = f"make, which builds the functions, finds nothing in a folder whose name has a space: {ROOT}"
        raise DeployError(wrong, "Move it elsewhere, `make clean`, and run this again.")
    if not os.access(Path.home(), os.W_OK):
        wrong = f"SAM and uv keep what they fetch in your home folder, and {Path.home()} cannot be written."
        raise DeployError(wrong, "HOME=/another/folder make deploy; AWS_CONFIG_FILE and the like name your old one.")
    for tool in ("sam", "uv"):
        if not shutil.which(tool):
            raise DeployError(f"{tool} is not installed.", "`make sam` installs it; `make deploy` does so by itself.")


def look(account: Account, profile: str, *, spot: bool) -> Iterator[Finding]:
    """What may bite with a profile; ``spot``: its GPUs are spare ones."""
    yield _asked("Functions at once", lambda: _functions(account.client("lambda"), account.region))
    if profile == "gpu":
        yield _asked("GPUs", lambda: _gpus(account.client("service-quotas"), account.region, spot=spot))
    if profile != "cheap":
        yield _asked("Caches", lambda: _caches(account.client("elasticache")))


def _asked(what: str, look_at: Callable[[], tuple[bool, str]]) -> Finding:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        return Finding(what, *look_at())
    except ClientError as error:
        return Finding(what, False, f"AWS does not tell ({error.response['Error']['Code']}); going on")
    except (BotoCoreError, ResponseParserError) as error:
        return Finding(what, False, f"AWS does not tell ({type(error).__name__}); going on")


def _functions(client: Any, region: str) -> tuple[bool, str]:
    most = client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if most >= _FUNCTIONS_AT_ONCE:
        return True, f"{most}"
    url = f"https://console.aws.amazon.com/servicequotas/home/services/lambda/quotas/L-B99A9384?region={region}"
    return False, f"only {most}, as in a new account: enough to try, not for a busy room. Ask for 1000: {url}"


def _gpus(client: Any, region: str, *, spot: bool) -> tuple[bool, str]:
    code = _SPOT if spot else _ON_DEMAND
    vcpus = client.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
    if vcpus >= _VCPUS:
        return True, f"{vcpus:.0f} vCPUs, so {vcpus // _VCPUS:.0f} at once"
    url = f"https://console.aws.amazon.com/servicequotas/home/services/ec2/quotas/{code}?region={region}"
    wants = f"a GPU takes {_VCPUS}. Until AWS raises that, other voices speak in its place: {url}"
    return False, f"this account may use {vcpus:.0f} vCPUs with one here, and {wants}"


def _caches(client: Any) -> tuple[bool, str]:
    count = len(client.describe_serverless_caches(MaxResults=50)["ServerlessCaches"])
    full = f"{count} already, and an account may have {_CACHES} in a region"
    return count < _CACHES, full if count >= _CACHES else "ElastiCache Serverless is here"

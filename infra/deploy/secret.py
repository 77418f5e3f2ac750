"""Settings that nobody else may see, as one secret of Secrets Manager: a JSON object of their names and values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from infra.deploy.account import Account
from infra.deploy.errors import aws_in_words

REDIS_URL = "DANMU_TTS_REDIS__URL"
AZURE_KEY = "DANMU_TTS_AZURE__KEY"
OPENAI_KEY = "DANMU_TTS_OPENAI__API_KEY"
RECOVERY_DAYS = 7


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is. ``arn`` is empty where nothing is; one that is ``deleted`` waits for its end, and has nothing."""

    arn: str = ""
    values: Mapping[str, str] | None = None
    deleted: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether there is none that anybody can read."""
        return not self.arn or self.deleted

    @property
    def names(self) -> frozenset[str]:
        """What is set."""
        return frozenset(self.values or {})


def name_of(stack: str) -> str:
    """What the secret of a stack is called."""
    return f"{stack}/settings"


def find(account: Account, stack: str) -> Kept:
    """What was kept before. Raises DeployError."""
    client = account.client("secretsmanager")
    with aws_in_words():
        try:
            described = client.describe_secret(SecretId=name_of(stack))
        except client.exceptions.ResourceNotFoundException:
            return Kept()
        if described.get("DeletedDate"):
            return Kept(described["ARN"], deleted=True)
        try:
            text = client.get_secret_value(SecretId=name_of(stack))["SecretString"]
        except client.exceptions.ResourceNotFoundException:  # it was made, and never given a value
            text = "{}"
    return Kept(described["ARN"], json.loads(text))


def keep(account: Account, stack: str, changes: Mapping[str, str]) -> str:
    """Make or change the secret; an empty value takes a setting away. Its ARN, or "" where there is nothing to keep.

    What is in it and not in ``changes`` stays: somebody may have put more of the settings there. Raises DeployError.
    """
    kept = find(account, stack)
    values = {**(kept.values or {}), **changes}
    values = {name: value for name, value in values.items() if value}
    if not kept.arn and not values:
        return ""
    if values == kept.values:
        return kept.arn
    client = account.client("secretsmanager")
    text = json.dumps(values)
    with aws_in_words():
        if not kept.arn:
            what = "Danmu TTS: settings that nobody else may see"
            arn: str = client.create_secret(Name=name_of(stack), Description=what, SecretString=text)["ARN"]
            return arn
        if kept.deleted:
            if not values:
                return ""
            client.restore_secret(SecretId=kept.arn)
        client.put_secret_value(SecretId=kept.arn, SecretString=text)
    return kept.arn


def delete(account: Account, stack: str) -> bool:
    """Let it end in ``RECOVERY_DAYS``; whether there was one. Raises DeployError."""
    kept = find(account, stack)
    if kept.is_gone:
        return False
    with aws_in_words():
        account.client("secretsmanager").delete_secret(SecretId=kept.arn, RecoveryWindowInDays=RECOVERY_DAYS)
    return True

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
    """What there is. ``arn`` is empty where nothing is; one that is ``deleted`` waits for its end, and has nothing.

    ``version`` is another one after each change: functions that hold an old one in a snapshot have to be made anew.
    """

    arn: str = ""
    version: str = ""
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
            value = client.get_secret_value(SecretId=name_of(stack))
        except client.exceptions.ResourceNotFoundException:  # it was made, and never given a value
            return Kept(described["ARN"], values={})
    return Kept(described["ARN"], value["VersionId"], json.loads(value["SecretString"]))


def keep(account: Account, stack: str, changes: Mapping[str, str]) -> Kept:
    """Make or change the secret, or make none where there is nothing to keep; an empty value takes a setting away.

    What is in it and not in ``changes`` stays: somebody may have put more of the settings there. Raises DeployError.
    """
    kept = find(account, stack)
    values = {**(kept.values or {}), **changes}
    values = {name: value for name, value in values.items() if value}
    if kept.is_gone and not values:
        return Kept()
    if values == kept.values:
        return kept
    client = account.client("secretsmanager")
    text = json.dumps(values)
    with aws_in_words():
        if not kept.arn:
            what = "Danmu TTS: settings that nobody else may see"
            made = client.create_secret(Name=name_of(stack), Description=what, SecretString=text)
        else:
            if kept.deleted:
                client.restore_secret(SecretId=kept.arn)
            made = client.put_secret_value(SecretId=kept.arn, SecretString=text)
    return Kept(made["ARN"], made["VersionId"], values)


def delete(account: Account, stack: str) -> bool:
    """Let it end in ``RECOVERY_DAYS``; whether there was one. Raises DeployError."""
    kept = find(account, stack)
    if kept.is_gone:
        return False
    with aws_in_words():
        account.client("secretsmanager").delete_secret(SecretId=kept.arn, RecoveryWindowInDays=RECOVERY_DAYS)
    return True

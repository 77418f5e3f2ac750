"""Clients of AWS, made once by the command, and the one error that they raise here."""

import os
from typing import Any

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

AWAY_ERRORS = (BotoCoreError, ClientError)
"""What boto3 raises."""

_CONNECT_S = 3
_READ_S = 10


class AwayError(Exception):
    """A service of AWS did not do what it was asked. Trying again may help."""


def sqs_client(poll_s: int) -> Any:
    """One for all threads. It does not try again by itself: who asks knows until when that has a point."""
    return boto3.client("sqs", config=_config(read_timeout=poll_s + _READ_S))


def s3_client(tries: int = 1) -> Any:
    """One for all threads, likewise; by itself it tries as often as it is told to."""
    elsewhere = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    # Not AWS: then BUCKET.localhost is nobody's name.
    return boto3.client("s3", config=_config(tries, s3={"addressing_style": "path"} if elsewhere else {}))


def _config(tries: int = 1, **more: Any) -> Config:
    common = {"connect_timeout": _CONNECT_S, "read_timeout": _READ_S, "max_pool_connections": 32}
    return Config(retries={"mode": "standard", "total_max_attempts": tries}, **(common | more))

"""The second argument of a Lambda handler, on one machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from infra.local.http_events import ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class LocalLambdaContext:
    """What Lambda's Python runtime gives a handler to read about its invocation.

    Attributes:
        aws_request_id: The id of this invocation.
        deadline_monotonic_s: When the invocation is cut off, in seconds of ``monotonic_s``.
        monotonic_s: The clock that the deadline is told by.
        function_name: The function's name.
        function_version: ``$LATEST``, as for a function without versions.
        memory_limit_in_mb: Memory in MiB; a string, because Lambda's runtime passes on an environment variable.
        identity: Always None: the caller is no Cognito identity.
        client_context: Always None: the caller is no mobile SDK.
    """

    aws_request_id: str
    deadline_monotonic_s: float
    monotonic_s: Callable[[], float] = field(repr=False)
    function_name: str = "danmu-tts-local"
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "1024"
    identity: None = None
    client_context: None = None

    @property
    def invoked_function_arn(self) -> str:
        """The ARN that the function would have."""
        return f"arn:aws:lambda:local:{ACCOUNT_ID}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """The CloudWatch log group that the function would write to."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """The CloudWatch log stream that this process would write to."""
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the invocation is cut off, never below 0."""
        return max(0, int((self.deadline_monotonic_s - self.monotonic_s()) * 1000))

"""The stack: what CloudFormation knows of it."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.deploy.account import Account
from infra.deploy.errors import DeployError, aws_in_words

_POLL_S = 5.0
# Nothing but deleting it helps: it was never made.
_STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class State:
    """A stack as it is."""

    id: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def is_busy(self) -> bool:
        """Whether AWS works on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def is_stillborn(self) -> bool:
        """Whether it has to go before another can be made."""
        return self.status in _STILLBORN


class Stack:
    """One, by its name."""

    def __init__(self, account: Account, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.account = account
        self.name = name
        self._client = account.client("cloudformation")
        self._sleep = sleep

    def state(self, stack: str | None = None) -> State | None:
        """How it is; None where there is none. ``stack``: another one's id. Raises DeployError."""
        from botocore.exceptions import ClientError

        with aws_in_words():
            try:
                found = self._client.describe_stacks(StackName=stack or self.name)["Stacks"][0]
            except ClientError as error:
                if "does not exist" in error.response["Error"].get("Message", ""):
                    return None
                raise
        return State(
            found["StackId"],
            found["StackStatus"],
            {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
            {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        )

    def settled(self, say: Callable[[str], None], stack: str | None = None) -> State | None:
        """The same, once AWS is done with what it does to it."""
        said = ""
        while (state := self.state(stack)) is not None and state.is_busy:
            if state.status != said:
                said = state.status
                say(f"AWS is at work on the stack ({said}). Waiting for it …")
            self._sleep(_POLL_S)
        return state

    def usable(self, say: Callable[[str], None]) -> State | None:
        """The stack to change, or None where it has yet to be made. Raises DeployError where it has to go first."""
        state = self.settled(say)
        if state is not None and state.is_stillborn:
            wrong = f"An earlier try left the stack {self.name} unfinished ({state.status})."
            raise DeployError(wrong, "`make destroy` clears it away; then run this again.")
        return state

    def delete(self, say: Callable[[str], None], state: State) -> State | None:
        """Delete it and wait; what is left where that failed. Raises DeployError."""
        with aws_in_words():
            self._client.delete_stack(StackName=state.id)
        after = self.settled(say, state.id)
        return None if after is None or after.status == "DELETE_COMPLETE" else after

    def failures(self, stack: str | None = None, *, most: int = 5) -> list[str]:
        """Why it last failed, where CloudFormation says so only in a stack within the stack. Raises DeployError."""
        with aws_in_words():
            return list(self._failures(stack or self.name))[:most]

    def _failures(self, stack: str) -> Iterator[str]:
        for event in self._latest(stack):
            reason = event.get("ResourceStatusReason", "")
            nested = event.get("PhysicalResourceId", "")
            is_nested = event["ResourceType"] == "AWS::CloudFormation::Stack" and nested not in ("", event["StackId"])
            if not event["ResourceStatus"].endswith("_FAILED") or "cancelled" in reason:
                continue
            if is_nested:
                yield from self._failures(nested)
            elif event["LogicalResourceId"] != event["StackName"]:
                yield f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"

    def _latest(self, stack: str) -> list[dict[str, Any]]:
        """The events of the last operation, newest first."""
        found = []
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack):
            for event in page["StackEvents"]:
                found.append(event)
                if event.get("PhysicalResourceId") == event["StackId"] and event["ResourceStatus"] in _BEGINNINGS:
                    return found
        return found

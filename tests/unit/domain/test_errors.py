import re
from collections.abc import Iterator

import pytest

from danmu_tts.domain import errors
from danmu_tts.domain.errors import BackendUnavailableError, DanmuTTSError

# A leaf says its status and code; one below BackendUnavailableError its reason, for it has that one's status and code.
_LEAF = re.compile(r"^(?P<branch>[\s│├└─]*── )(?P<name>\w+) +(?:(?P<status>\d{3}) )?(?P<word>\w+)", re.MULTILINE)
IN_VAIN = {"BackendDisabledError", "BackendAuthError", "BackendRefusedError", "VoiceWithdrawnError"}


def subclasses(parent: type[DanmuTTSError]) -> Iterator[type[DanmuTTSError]]:
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from subclasses(child)


CHILDREN = list(subclasses(DanmuTTSError))
TREE: list[type[DanmuTTSError]] = [DanmuTTSError, *CHILDREN]


def drawn_tree() -> set[tuple[str, str, str]]:
    """Name, parent, and status with code or the reason, of every leaf in the module's docstring."""
    drawn, path = set(), {0: "DanmuTTSError"}
    for leaf in _LEAF.finditer(errors.__doc__ or ""):
        depth = len(leaf["branch"])
        parent = path[max(above for above in path if above < depth)]
        path = {above: name for above, name in path.items() if above < depth} | {depth: leaf["name"]}
        drawn.add((leaf["name"], parent, f"{leaf['status'] or ''} {leaf['word']}".strip()))
    return drawn


def label(error: type[DanmuTTSError]) -> str:
    if issubclass(error, BackendUnavailableError) and error is not BackendUnavailableError:
        return error.reason
    return f"{error.http_status} {error.code}"


def test_the_drawn_tree_is_the_real_one() -> None:
    assert drawn_tree() == {(each.__name__, each.__bases__[0].__name__, label(each)) for each in CHILDREN}


def test_every_reason_of_a_backend_is_its_own() -> None:
    reasons = [each.reason for each in TREE if issubclass(each, BackendUnavailableError)]
    assert len(set(reasons)) == len(reasons)


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
def test_every_error_can_be_answered(error: type[DanmuTTSError]) -> None:
    assert re.fullmatch("[a-z_]+", error.code)
    assert 400 <= error.http_status <= 599
    later_is_better = error.http_status in (429, 503, 504) and error.__name__ not in IN_VAIN
    assert error.retryable is later_is_better


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
def test_every_error_carries_its_message_and_the_field_to_blame(error: type[DanmuTTSError]) -> None:
    raised = error("no such thing", param="voice")
    assert (str(raised), raised.message, raised.param) == ("no such thing", "no such thing", "voice")
    assert error("why").param is None
    assert (error("why").retry_after_s, error("why", retry_after_s=3).retry_after_s) == (None, 3)

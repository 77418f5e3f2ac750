import re
from collections.abc import Iterator

import pytest

from danmu_tts.domain import errors
from danmu_tts.domain.errors import DanmuTTSError

_LEAF = re.compile(r"^(?P<branch>[\s│├└─]*── )(?P<name>\w+) +(?P<status>\d{3}) (?P<code>\w+)", re.MULTILINE)
RETRYABLE = {"BackendUnavailableError", "NoAudioError", "NoBackendsAvailableError", "DeadlineExceededError"}


def subclasses(parent: type[DanmuTTSError]) -> Iterator[type[DanmuTTSError]]:
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from subclasses(child)


CHILDREN = list(subclasses(DanmuTTSError))
TREE = [DanmuTTSError, *CHILDREN]


def drawn_tree() -> set[tuple[str, str, int, str]]:
    """Name, parent, status and code of every leaf in the module's docstring."""
    drawn, path = set(), {0: "DanmuTTSError"}
    for leaf in _LEAF.finditer(errors.__doc__ or ""):
        depth = len(leaf["branch"])
        parent = path[max(above for above in path if above < depth)]
        path = {above: name for above, name in path.items() if above < depth} | {depth: leaf["name"]}
        drawn.add((leaf["name"], parent, int(leaf["status"]), leaf["code"]))
    return drawn


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {(each.__name__, each.__bases__[0].__name__, each.http_status, each.code) for each in CHILDREN}
    assert drawn_tree() == real


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
def test_every_error_can_be_answered(error: type[DanmuTTSError]) -> None:
    assert re.fullmatch("[a-z_]+", error.code)
    assert 400 <= error.http_status <= 599
    assert error.retryable is (error.__name__ in RETRYABLE)


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
def test_every_error_carries_its_message_and_the_field_to_blame(error: type[DanmuTTSError]) -> None:
    raised = error("no such thing", param="voice")
    assert (str(raised), raised.message, raised.param) == ("no such thing", "no such thing", "voice")
    assert error("why").param is None

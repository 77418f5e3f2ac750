"""What a process does before its first event.

Lambda starts a process with a whole processor, whatever the function's memory is: what is built then is not built while
somebody waits. So a handler's module itself loads little; what serves its events is loaded here, or else with the first
of them. With SnapStart it is built once for a version, and every process begins as a copy of that one.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

import os
import random
from collections.abc import Callable

from danmu_tts.observability import describe_error, get_logger
from danmu_tts.on_lambda import ON_LAMBDA

_KIND = "AWS_LAMBDA_INITIALIZATION_TYPE"

logger = get_logger()


def at_start(warm: Callable[[], object]) -> None:
    """Call ``warm`` where Lambda starts a process, and only there. It opens no connection: a copy could not use it.

    Every handler's module ends with this, the one thing that looks at the environment while it is imported.
    """
    if ON_LAMBDA not in os.environ:
        return
    if os.environ.get(_KIND) != "snap-start":
        _try(warm)
        return
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    register_before_snapshot(lambda: _try(warm))
    register_after_restore(random.seed)  # else all copies draw the same numbers


def _try(warm: Callable[[], object]) -> None:
    """What fails now fails again with the first event, which can be told of it."""
    try:
        warm()
    except Exception as error:  # noqa: BLE001 - the process boundary: no event is there to be failed
        logger.error("this process starts cold", extra=describe_error(error))

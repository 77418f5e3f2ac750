"""Read what was logged, whatever handlers are installed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from danmu_tts.observability import ROOT, current_request_id


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        record.request_id = current_request_id()  # as each of our handlers does
        self.records.append(record)


@contextmanager
def captured_logs() -> Iterator[list[logging.LogRecord]]:
    """Every record of the project's loggers, from DEBUG up."""
    logger, keeper = logging.getLogger(ROOT), _Keeper()
    level = logger.level
    logger.addHandler(keeper)
    logger.setLevel(logging.DEBUG)
    try:
        yield keeper.records
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(level)


@contextmanager
def logging_restored() -> Iterator[None]:
    """Undo ``configure_logging`` afterwards."""
    logger = logging.getLogger(ROOT)
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    try:
        yield
    finally:
        for handler in [each for each in logger.handlers if each not in handlers]:
            handler.close()
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate

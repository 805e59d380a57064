"""Structured logs: one JSON object a line on stderr, with event and job ids and no user text."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger


@dataclass(slots=True)
class _Logged:
    at_s: float
    held_back: int = 0


class RepeatFilter(logging.Filter):
    """Holds back what the same line of aiokafka says again within `every_s`; the next one says how many there were.

    With a retry back-off of 5 ms a broker that is away is logged hundreds of times a second, and each first write of a
    transaction to a partition is logged once more. Other loggers pass untouched.
    """

    def __init__(self, every_s: float = 10.0) -> None:
        super().__init__()
        self._every_s = every_s
        self._logged: dict[tuple[str, int], _Logged] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged; its time is the record's own."""
        if not record.name.startswith("aiokafka"):
            return True
        place = (record.pathname, record.lineno)
        logged = self._logged.get(place)
        if logged is not None and record.created - logged.at_s < self._every_s:
            logged.held_back += 1
            return False
        if logged is not None and logged.held_back:
            record.msg = f"{record.getMessage()} (and {logged.held_back} more like it)"
            record.args = ()
        self._logged[place] = _Logged(record.created)
        return True


def hold_back_repeats() -> None:
    """Puts the filter on the root's handlers, where the records of every logger pass."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(RepeatFilter())


# Keys that hold what users wrote. A log call that passes one is a mistake; the text is not worth keeping to show it.
USER_TEXT: Final = frozenset({"query", "response", "correction", "text", "question", "answer", "prompt", "completion", "value"})


def _without_user_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in USER_TEXT & event.keys():
        event[name] = "(withheld)"
    return event


def configure_logging(service: str, *, level: str = "INFO", debug: bool = False) -> None:
    """Sets up structlog and the standard library's loggers for a service; `debug` wins over `level`.

    Raises ValueError that names APP_LOG_LEVEL for a level that logging does not know.
    """
    number = logging.DEBUG if debug else logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"APP_LOG_LEVEL {level!r} is unknown: expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _without_user_text,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(ensure_ascii=False)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    # These log each request, or each retry of a transaction's first batch, at a rate that hides everything else.
    for noisy in ("aiokafka", "kafka", "uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))
    structlog.contextvars.bind_contextvars(service=service)

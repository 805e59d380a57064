"""Structured logs: one JSON object a line on stderr, with event and job ids and no user text."""

from __future__ import annotations

import logging
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

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

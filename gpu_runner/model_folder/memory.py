"""Out of memory: how it is known, and what frees memory again. Imports no torch; uses it where it is loaded."""

from __future__ import annotations

import gc
import sys

_WORDS = ("out of memory", "can't allocate memory", "cublas_status_alloc_failed")


class DoesNotFit(RuntimeError):
    """One row alone needs more memory than there is: no smaller batch can help, nor another attempt."""

    def __init__(self, tokens: int, told: str = "") -> None:
        super().__init__(
            f"one row of {tokens} tokens does not fit into the memory of this machine, with nothing beside it in the batch: "
            f"set a lower TRAINING_MAX_SEQ_LENGTH, or take a smaller model or a larger device{f' ({told[:300]})' if told else ''}"
        )
        self.tokens = tokens


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, the GPU's or the machine's: torch tells the latter as a RuntimeError of its allocator."""
    if isinstance(error, DoesNotFit):
        return False
    torch = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


def release() -> None:
    """Gives back what nothing holds any more, the GPU's cache too."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()

"""Events per second of a topic, from the end offsets that were seen over time."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_S: Final = 60.0


class RateWindow:
    """The newest 60 s of a growing total.

    >>> window = RateWindow()
    >>> window.update(100.0, 40); window.update(110.0, 90)
    >>> window.per_second()
    5.0
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def update(self, now_s: float, total: int) -> None:
        """Notes the total at a moment of a clock that never goes back; a total that shrank (a new broker) starts anew."""
        if self._samples and total < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((now_s, total))
        while now_s - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()

    def clear(self) -> None:
        """Forgets everything: the source is away."""
        self._samples.clear()

    @property
    def total(self) -> int | None:
        """The newest total, None where nothing was seen."""
        return self._samples[-1][1] if self._samples else None

    def per_second(self) -> float | None:
        """The mean rate over the window, None before two samples."""
        if len(self._samples) < 2:
            return None
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        return (after - before) / (last - first) if last > first else None

    def history(self) -> list[float]:
        """The rate between each pair of samples, oldest first: what a sparkline shows."""
        pairs = zip(self._samples, list(self._samples)[1:], strict=False)
        return [round((after - before) / (last - first), 2) for (first, before), (last, after) in pairs if last > first]

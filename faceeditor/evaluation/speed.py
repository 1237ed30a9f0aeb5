"""Figures of speed: timing several networks in turn, statistics, and the table of `faceeditor bench speed`."""

import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from faceeditor.images import write_atomic

Subject = Callable[[], object]
"""Draws one frame and returns when it is there."""


@dataclass(frozen=True)
class Timing:
    """Statistics of one quantity in milliseconds."""

    median: float
    p95: float
    longest: float
    count: int

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> "Timing":
        """Of measured values; all zero if there are none."""
        if not len(milliseconds):
            return cls(0.0, 0.0, 0.0, 0)
        values = np.asarray(milliseconds, np.float64)
        return cls(float(np.median(values)), float(np.percentile(values, 95)), float(values.max()), len(values))

    @property
    def rate(self) -> float:
        """Frames a second at the median."""
        return 1e3 / self.median if self.median > 0 else 0.0

    def as_dict(self) -> dict[str, float]:
        """For the JSON file, rounded."""
        return {
            "median_ms": round(self.median, 2),
            "p95_ms": round(self.p95, 2),
            "longest_ms": round(self.longest, 2),
            "count": self.count,
        }


def time_in_turn(subjects: Mapping[str, Subject], seconds: float, warm_up: int = 2) -> dict[str, Timing]:
    """Time several subjects in turn, so that whatever else the machine does meets all of them alike.

    Args:
        subjects: what to time, by name.
        seconds: for how long, warming up not counted; every subject is timed at least three times.
        warm_up: runs of each before anything is counted.
    """
    for subject in subjects.values():
        for _ in range(warm_up):
            subject()
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < 3 or time.perf_counter() < end:
        rounds += 1
        for name, subject in subjects.items():
            start = time.perf_counter()
            subject()
            taken[name].append((time.perf_counter() - start) * 1e3)
    return {name: Timing.of(values) for name, values in taken.items()}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "cores": psutil.cpu_count(logical=False) or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def table(figures: Mapping[str, Any]) -> str:
    """The figures as text.

    Args:
        figures: sections by title; a section maps a name to a timing (as `Timing.as_dict`), a number or a text.
    """
    lines: list[str] = []
    for title, section in figures.items():
        lines += ["", title, "-" * len(title)]
        timed = {name: value for name, value in section.items() if isinstance(value, Mapping)}
        width = max((len(name) for name in section), default=0) + 2
        if timed:
            lines.append(f"{'':{width}}{'median':>10}{'p95':>10}{'longest':>10}{'a second':>10}")
        for name, value in section.items():
            if isinstance(value, Mapping):
                rate = 1e3 / value["median_ms"] if value["median_ms"] else 0.0
                numbers = (value["median_ms"], value["p95_ms"], value["longest_ms"], rate)
                lines.append(f"{name:{width}}" + "".join(f"{number:>10.1f}" for number in numbers))
            else:
                shown = f"{value:.1f}" if isinstance(value, float) else str(value)
                lines.append(f"{name:{width}}{shown:>10}")
    return "\n".join(lines).strip("\n")


def write_json(path: Path, figures: Mapping[str, Any]) -> None:
    """Write the figures as JSON; FaceEditorError if the file cannot be written."""
    write_atomic(path, (json.dumps(figures, indent=2, ensure_ascii=False) + "\n").encode())

"""`python -m faceeditor.training.kid_curve RUN/curves.csv [...] --out FILE.jpg`: KID over the pictures seen, one chart.

Several files are one training, in the order of its runs. Where a run began before the end of the one before it, or a
run was taken up again from an earlier state, the states left behind are not drawn.
"""

import argparse
import csv
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from faceeditor.errors import FaceEditorError
from faceeditor.images.chart import COLORS, Chart, Pixels, linear_axis
from faceeditor.training.commands import run_command
from faceeditor.training.run import write_sheet

NAMES = {
    "kid_own": "the photograph's own style",
    "kid_swapped": "another photograph's style",
    "kid_random": "random style",
}
"""Columns that are drawn, and their names in the chart."""
_STEP = "pictures"
_HEADROOM = 1.3
"""The vertical axis ends this much above the largest KID, so that the names have room."""

Point = tuple[float, float]


def read_curves(paths: Sequence[Path]) -> dict[str, list[Point]]:
    """Pictures seen and KID x 1000 of every evaluation, by column.

    Raises:
        FaceEditorError: a file cannot be read or holds no evaluation.
    """
    curves: dict[str, list[Point]] = {name: [] for name in NAMES}
    for path in paths:
        found = 0
        last: dict[str, float] = {}
        for row in _rows(path):
            values = {name: _number(row, name, path) for name in NAMES if row.get(name)}
            # A run repeats the figures of its last evaluation in every row.
            if values and values != last:
                seen = _number(row, _STEP, path)
                found, last = found + 1, values
                for name, points in curves.items():
                    while points and points[-1][0] >= seen:
                        points.pop()
                    if name in values:
                        points.append((seen, values[name]))
        if not found:
            raise FaceEditorError(f"{path} holds no KID yet: wait for the first evaluation of the run.")
    return curves


def draw_curves(curves: dict[str, list[Point]]) -> Pixels:
    """The chart, (560, 900, 3) uint8 sRGB.

    Args:
        curves: as of `read_curves`, at least one with a point.
    """
    points = [point for line in curves.values() for point in line]
    seen, kids = zip(*points, strict=True)
    x = linear_axis("Pictures seen", min(seen), max(seen))
    y = linear_axis("KID x 1000 (EfficientNet-Lite1), lower is better", 0.0, _HEADROOM * max(kids))
    chart = Chart(x, y, 900, 560)
    names = [(name, COLORS[number]) for number, name in enumerate(NAMES) if curves[name]]
    for name, color in names:
        chart.line(curves[name], color)
        chart.dots(curves[name], color)
    chart.legend([(f"{NAMES[name]}: {curves[name][-1][1]:.1f}", color) for name, color in names])
    return chart.pixels


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise FaceEditorError(f"{path} cannot be read ({error}): give the curves.csv of a run.") from error


def _number(row: dict[str, str], name: str, path: Path) -> float:
    try:
        value = float(row[name])
    except (KeyError, TypeError, ValueError) as error:
        raise FaceEditorError(f"{path} is no table of a training run: the column {name} has no number.") from error
    if not math.isfinite(value):
        raise FaceEditorError(f"{path} holds a {name} that is not finite: the run has failed.")
    return value


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="kid_curve", description=__doc__)
    parser.add_argument("curves", type=Path, nargs="+", help="curves.csv of each run, the earliest first")
    parser.add_argument("--out", type=Path, required=True, help="the chart (.jpg or .png)")

    def act(given: argparse.Namespace) -> str:
        if given.out.suffix not in (".jpg", ".png"):
            raise FaceEditorError(f"{given.out} is neither a .jpg nor a .png file: choose one of them.")
        curves = read_curves(given.curves)
        write_sheet(given.out, draw_curves(curves))
        return f"{sum(len(points) for points in curves.values())} figures in {given.out}"

    return run_command(parser, act, arguments)


if __name__ == "__main__":
    sys.exit(main())

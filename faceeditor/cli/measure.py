"""`faceeditor train` and `bench`: thin fronts of the rooms that do the work."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from faceeditor.cli.arguments import add_device
from faceeditor.errors import FaceEditorError


def declare_train(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `train`."""
    from faceeditor.training.cli import add_arguments, run

    add_arguments(parser)
    parser.set_defaults(run=run)


def declare_bench(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bench`."""
    from faceeditor.evaluation.cli import add_arguments, run

    kinds = parser.add_subparsers(title="what to measure", metavar="WHAT", required=True)
    quality = kinds.add_parser("quality", help="mask fidelity, diversity, reconstruction ... on kept-out photographs")
    add_arguments(quality)
    quality.set_defaults(run=run)
    speed = kinds.add_parser("speed", help="network, engine, brush and sliders, next to a network of StyleGAN2's size")
    speed.add_argument("--seconds", type=float, default=20.0, help="time for all measurements (default: 20)")
    speed.add_argument("--json", type=Path, metavar="FILE", help="also write the figures into a file")
    speed.add_argument("--no-window", action="store_true", help="leave the window out")
    speed.add_argument("--no-reference", action="store_true", help="leave the reference network out")
    add_device(speed)
    speed.set_defaults(run=run_bench_speed)


def run_bench_speed(args: argparse.Namespace) -> int:
    """Measure, print the table and write the JSON file."""
    from faceeditor.evaluation.speed import table, write_json
    from faceeditor.evaluation.speed_bench import speed_figures

    if not 1.0 <= args.seconds <= 3600.0:
        raise FaceEditorError(f"{args.seconds:g} seconds cannot be measured; choose 1 to 3600.")
    figures = speed_figures(args.device, args.seconds, not args.no_reference, None if args.no_window else _window_bench)
    print(table(figures))
    if args.json is not None:
        write_json(args.json, figures)
        print(f"\n{args.json}")
    return 0


def _window_bench(*arguments: str) -> dict[str, Any]:
    """Run the window's benchmark in a process of its own, so that memory and start-up are the window's alone."""
    command = [sys.executable, "-m", "faceeditor.gui.bench", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise FaceEditorError(f"The window could not be measured ({reason}); try --no-window.")
    result: dict[str, Any] = json.loads(lines[-1])
    return result

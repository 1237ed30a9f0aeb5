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
    photo = kinds.add_parser("photo", help="edits of photographs: known answers, identity, exactness, time and memory")
    _declare_photo(photo)
    add_device(speed)
    speed.set_defaults(run=run_bench_speed)


def _declare_photo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=6, help="rendered people with a known answer (default: 6)")
    parser.add_argument("--seed", type=int, default=1, help="number of the first of these people (default: 1)")
    parser.add_argument("--side", type=int, default=1024, help="side of their pictures in pixels (default: 1024)")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="photographs for identity and untouched pixels")
    parser.add_argument("--cost", action="store_true", help="also time and memory at 1, 12, 24 and 50 megapixels")
    parser.add_argument("--out", type=Path, default=Path("out/photo"), help="folder for figures and pictures")
    add_device(parser)
    parser.set_defaults(run=run_bench_photo)


def run_bench_photo(args: argparse.Namespace) -> int:
    """Measure edits of photographs; prints the table and writes the files."""
    from faceeditor.engine import Engine
    from faceeditor.evaluation.photo_bench import PhotoBench, PhotoFigures, table, write_results

    if not 0 <= args.people <= 1000 or not 256 <= args.side <= 4096:
        raise FaceEditorError("Choose 0 to 1000 people and sides from 256 to 4096.")
    if not 0 <= args.seed < 2**32:
        raise FaceEditorError("Choose a --seed from 0 to 4294967295.")
    if args.photos is not None and not args.photos.is_dir():
        raise FaceEditorError(f"“{args.photos}” is no folder; name one that holds photographs.")
    figures = PhotoFigures()
    sheets: list[tuple[str, list[Any]]] = []
    with Engine(args.device) as engine:
        bench = PhotoBench(engine, lambda text: print(text, file=sys.stderr))
        figures.exact = bench.exactness()
        if args.people:
            figures.pairs = bench.pairs(args.people, args.side, args.seed)
        if args.photos is not None:
            sheets = bench.photographs(args.photos, figures)
        if args.cost:
            figures.cost = bench.cost(device=args.device)
    write_results(figures, sheets, args.out)
    print(table(figures))
    return 0


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

"""`faceeditor identity evaluate` and `train-recogniser`."""

import argparse
import json
from pathlib import Path

from faceeditor.errors import FaceEditorError


def declare_evaluate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `identity evaluate`."""
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="data sets made by identity dataset")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the DET curves (.png)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Print the verification figures of data sets side by side."""
    from faceeditor.export import format_of, write_picture
    from faceeditor.identity.det_plot import det_plot
    from faceeditor.identity.verification import curve, evaluation, load_people, names_of, pair_distances
    from faceeditor.images import write_atomic

    if args.plot is not None:
        format_of(args.plot)
    names = names_of(args.folders)
    if len(set(names)) < len(names):
        raise FaceEditorError("The same data set is named twice; name each once.")
    sets = [load_people(folder) for folder in args.folders]
    found = {name: evaluation(people) for name, people in zip(names, sets, strict=True)}
    width = max(len(row) for row in found[names[0]])
    print(" " * width + "".join(f"  {name:>24}" for name in names))
    for row in found[names[0]]:
        print(f"{row:{width}}" + "".join(f"  {_number(found[name][row]):>24}" for name in names))
    if args.plot is not None:
        pairs = {name: pair_distances(s.embeddings, s.persons) for name, s in zip(names, sets, strict=True)}
        write_picture(args.plot, det_plot({name: curve(*pair) for name, pair in pairs.items()}))
        print(args.plot)
    if args.json is not None:
        write_atomic(args.json, (json.dumps(found, indent=2) + "\n").encode("utf-8"))
    return 0


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and value > 1 else f"{value:.4f}"

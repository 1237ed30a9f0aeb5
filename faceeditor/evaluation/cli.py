"""`faceeditor bench quality`."""

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the face data set")
    parser.add_argument("--recogniser", type=Path, required=True, help="safetensors of the face recogniser")
    parser.add_argument("--out", type=Path, default=Path("out/quality"), help="folder for figures and samples")
    parser.add_argument("--device", default="torch-cpu", help="cuda, torch-cpu or openvino-cpu (default: torch-cpu)")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and write the files; returns the exit code.

    Raises:
        FaceEditorError: a data set, model pack or the recogniser is missing or damaged.
    """
    # Imported here: `--help` need not wait for torch.
    from faceeditor.evaluation.quality import QualityBench, table, write_results

    bench = QualityBench(args.data, args.recogniser, args.device, lambda text: print(text, file=sys.stderr))
    figures = bench.run()
    write_results(bench, figures, args.out)
    print(table(figures))
    return 0

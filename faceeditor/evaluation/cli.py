"""`faceeditor bench quality`."""

import argparse
import sys
from pathlib import Path

from faceeditor.errors import FaceEditorError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the face data set")
    parser.add_argument("--recogniser", type=Path, required=True, help="safetensors of the face recogniser")
    parser.add_argument(
        "--generator",
        choices=("mask", "head", "reader"),
        default="mask",
        help="the generator guided by masks alone, by the 3D head, or the reader of heads (default: mask)",
    )
    parser.add_argument("--coefficients", type=Path, help="photos.npz of the head's build, for head and reader")
    parser.add_argument("--pack", type=Path, help="folder of another pack to measure, for --generator head")
    parser.add_argument("--out", type=Path, default=Path("out/quality"), help="folder for figures and samples")
    parser.add_argument("--device", default="torch-cpu", help="cuda, torch-cpu or openvino-cpu (default: torch-cpu)")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and write the files; returns the exit code.

    Raises:
        FaceEditorError: a data set, model pack or the recogniser is missing or damaged.
    """

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    # Imported here: `--help` need not wait for torch.
    if args.generator != "mask" and args.coefficients is None:
        raise FaceEditorError("This benchmark needs the photographs' heads: add --coefficients photos.npz.")
    if args.generator == "reader":
        from faceeditor.evaluation import reader_quality
        from faceeditor.training.data import load_faces

        reader = reader_quality.ReaderBench(args.data, args.coefficients, load_faces(args.data, "kept-out").masks, say)
        read = reader.run()
        reader_quality.write_results(read, args.out)
        print(reader_quality.table(read))
        return 0
    if args.generator == "head":
        from faceeditor.evaluation import head_quality

        with head_quality.HeadQualityBench(
            args.data, args.coefficients, args.recogniser, args.device, args.pack, say
        ) as heads:
            measured = heads.run()
            head_quality.write_results(heads, measured, args.out)
        print(head_quality.table(measured))
        return 0
    from faceeditor.evaluation.quality import QualityBench, table, write_results

    bench = QualityBench(args.data, args.recogniser, args.device, say)
    figures = bench.run()
    write_results(bench, figures, args.out)
    print(table(figures))
    return 0

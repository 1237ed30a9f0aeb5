"""`faceeditor train CONFIG`."""

import argparse
import datetime
import tomllib
from pathlib import Path

from faceeditor.errors import FaceEditorError

_KINDS = '"parser", "mask-guided", "fine-scale", "enlarger" or "reader"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("config", type=Path, help="TOML file, such as resources/training/mask-guided.toml")
    parser.add_argument("--data", type=Path, required=True, help="folder of the face data set")
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/<name of the config>)")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after this time (default: 60; 0: only pack)")
    parser.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument("--pack", type=Path, help="afterwards write the model pack to this folder, as models/parser")
    parser.add_argument("--coefficients", type=Path, help="photos.npz of the head's build")
    parser.add_argument("--renders", type=Path, help="folder of renderings with exact labels, for kind reader")
    parser.add_argument("--reader", type=Path, help="reader for the imitative losses: a model pack or run folder")
    parser.add_argument("--parser", type=Path, help="parser for the mask-consistency loss: a model pack or run folder")
    parser.add_argument(
        "--start", type=Path, help="model pack whose weights a new run starts with, as models/mask-guided"
    )
    parser.add_argument("--critics", type=Path, help="safetensors of the critics to start with (default: the pack's)")


def run(args: argparse.Namespace) -> int:
    """Train what the config describes; returns the exit code.

    Raises:
        FaceEditorError: an unreadable config, a missing data set or a damaged checkpoint.
    """
    try:
        config = tomllib.loads(args.config.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise FaceEditorError(f"The training config {args.config} cannot be read ({error}).") from error
    out = args.out or Path("runs") / args.config.stem
    kind = str(config.get("kind"))
    if args.minutes <= 0 and args.pack is not None:
        return _pack(kind, out, args.pack)
    # Imported here: `--help` need not wait for torch.
    if kind == "parser":
        from faceeditor.training.parser import train_parser

        train_parser(config, args.data, out, args.minutes, args.resume)
    elif kind == "mask-guided":
        from faceeditor.training.helpers import load_helpers
        from faceeditor.training.mask_guided import train_mask_guided
        from faceeditor.training.run import Run
        from faceeditor.training.trainer import Sources

        helpers = load_helpers(args.parser, args.reader)
        sources = Sources(args.data, args.coefficients, args.start, args.critics)
        train_mask_guided(config, sources, Run(out, args.minutes, args.resume), helpers)
    elif kind == "fine-scale":
        from faceeditor.training.fine_scale import train_fine_scale
        from faceeditor.training.lite_weights import load_lite
        from faceeditor.training.run import Run

        if args.start is None:
            raise FaceEditorError("The fine scale needs a generator below it: add --start models/mask-guided.")
        run_folder = Run(out, args.minutes, args.resume)
        train_fine_scale(config, args.data, run_folder, args.start, load_lite(0), args.critics)
    elif kind == "enlarger":
        from faceeditor.training.enlarger import train_enlarger
        from faceeditor.training.lite_weights import load_lite
        from faceeditor.training.run import Run

        train_enlarger(config, args.data, Run(out, args.minutes, args.resume), load_lite(0))
    elif kind == "reader":
        from faceeditor.training.reader import train_reader

        if args.coefficients is None:
            raise FaceEditorError("The reader learns from coefficients: add --coefficients runs/head/photos.npz.")
        train_reader(config, args.data, out, args.minutes, args.resume, args.coefficients, args.renders)
    else:
        raise FaceEditorError(f"The training config {args.config} needs kind = {_KINDS}.")
    return _pack(kind, out, args.pack) if args.pack is not None else 0


def _pack(kind: str, run_folder: Path, folder: Path) -> int:
    from faceeditor.training.fine_scale import pack_fine_scale
    from faceeditor.training.pack import pack_run

    if kind == "fine-scale":
        pack = pack_fine_scale(run_folder, folder)
    else:
        pack = pack_run(run_folder, folder, datetime.date.today().strftime("%Y.%m"))
    print(f"Wrote the model pack {pack.folder}.")
    return 0


def main() -> int:
    """Run without the rest of the program, as on a bare GPU machine: `python -m faceeditor.training.cli CONFIG ...`."""
    parser = argparse.ArgumentParser(description="Train a model of Face Editor")
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    raise SystemExit(main())

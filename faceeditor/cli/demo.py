"""`faceeditor demo`: the demo portrait and a picture of the window, into files."""

import argparse
import sys
from pathlib import Path

from faceeditor.cli.arguments import add_device
from faceeditor.errors import FaceEditorError


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("-o", "--output", type=Path, default=Path("out"), help="folder to write into (default: out)")
    add_device(parser)
    parser.set_defaults(run=run_demo)


def run_demo(args: argparse.Namespace) -> int:
    """Draw the demo portrait and a picture of the window into a folder; needs no display."""
    from faceeditor.engine import Engine, RenderRequest
    from faceeditor.export import sheet, side_by_side, write_picture
    from faceeditor.generators.style_prior import FIRST_SEED, StylePrior
    from faceeditor.gui.snapshot import window_snapshot
    from faceeditor.portrait.masks import sample_masks
    from faceeditor.portrait.state import PortraitState
    from faceeditor.regions import colorize

    samples = sample_masks()
    if not samples:
        raise FaceEditorError("The sample masks are missing; reinstall Face Editor or restore its resources folder.")
    try:
        args.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FaceEditorError(
            f"The folder “{args.output}” cannot be made ({error.strerror or error}); choose another with -o."
        ) from error
    mask = samples[0].read()
    prior = StylePrior.load()
    with Engine(args.device) as engine:
        styles = [prior.draw(FIRST_SEED + number, mask) for number in range(6)]
        states = [PortraitState.of(mask, style) for style in styles]
        faces = [engine.render(RenderRequest.of(state)).pixels for state in states]
        device = engine.status.message
    people = sheet(faces, columns=3)
    written = {"portrait.png": side_by_side(faces[0], colorize(mask)), "people.png": people}
    for name, pixels in written.items():
        write_picture(args.output / name, pixels)
        print(args.output / name)
    print(window_snapshot(args.output / "window.png"))
    print(device, file=sys.stderr)
    return 0

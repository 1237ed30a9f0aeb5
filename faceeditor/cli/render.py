"""`faceeditor render`: faces for a mask or a portrait, into files."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faceeditor.cli import arguments
from faceeditor.errors import FaceEditorError


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("input", type=Path, help="mask (PNG) or portrait (.fep)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="picture to write: .png, .jpg, .webp or .tiff")
    parser.add_argument(
        "--seed",
        type=arguments.seed,
        help="draw this person (default: the portrait's own, else 23)",
    )
    parser.add_argument("--style", type=Path, metavar="PHOTO", help="take the style from the face in a photograph")
    parser.add_argument("--count", type=arguments.count, default=1, help="draw so many people, with seeds counted up")
    parser.add_argument("--grid", action="store_true", help="lay them out in one picture, not in numbered files")
    parser.add_argument("--size", type=int, help="longer side of the written picture in pixels, 16 to 8192")
    parser.add_argument("--truncation", type=arguments.truncation, help="0: the average person, 1: as drawn (default)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change truncation or seed")
    arguments.add_device(parser)
    parser.set_defaults(run=run_render)


def apply_settings(args: argparse.Namespace) -> None:
    """Put `--set name=value` into the arguments of the same name.

    Raises:
        FaceEditorError: another name, or a value that does not fit.
    """
    kinds: dict[str, Callable[[str], Any]] = {"truncation": arguments.truncation, "seed": arguments.seed}
    for setting in args.set:
        name, equals, value = setting.partition("=")
        if name not in kinds or not equals:
            raise FaceEditorError(f"“--set {setting}” is not understood; write truncation=0.8 or seed=7.")
        try:
            setattr(args, name, kinds[name](value))
        except (ValueError, argparse.ArgumentTypeError) as error:
            raise FaceEditorError(f"“--set {setting}” does not work: {error}.") from None


def run_render(args: argparse.Namespace) -> int:
    """Draw one or more faces into files; prints the file names."""
    from faceeditor.engine import Engine, RenderRequest
    from faceeditor.engine.jobs import sheet
    from faceeditor.export import format_of, write_picture
    from faceeditor.export.picture import MAX_SIDE

    apply_settings(args)
    format_of(args.output)
    if args.size is not None and not 16 <= args.size <= MAX_SIDE:
        raise FaceEditorError(
            f"A picture of {args.size} pixels cannot be written; choose a size from 16 to {MAX_SIDE}."
        )
    if args.style is not None and (args.count > 1 or args.seed is not None):
        raise FaceEditorError("A photograph gives one style; leave --seed and --count out, or leave --style out.")
    mask, own_style, truncation = _read_input(args.input)
    if args.truncation is not None:
        truncation = args.truncation
    with Engine(args.device) as engine:
        styles = _styles(args, engine, own_style)
        faces = []
        for number, style in enumerate(styles):
            if len(styles) > 1:
                _progress(number / len(styles), style.label)
            faces.append(engine.render(RenderRequest(number, mask, style, truncation)).pixels)
    if len(faces) > 1:
        _progress(1.0, "")
    if args.grid:
        outputs = [(args.output, sheet(faces))]
    elif len(faces) == 1:
        outputs = [(args.output, faces[0])]
    else:
        digits = len(str(len(faces)))
        outputs = [
            (args.output.with_stem(f"{args.output.stem}-{number:0{digits}}"), face)
            for number, face in enumerate(faces, 1)
        ]
    for path, pixels in outputs:
        write_picture(path, pixels, args.size)
        print(path)
    return 0


def _read_input(path: Path) -> tuple[Any, Any, float]:
    """Mask, style (None for a mask file) and truncation of an input file; notes go to standard error."""
    if path.suffix.lower() == ".fep":
        from faceeditor.portrait import store

        portrait = store.load(path)
        return portrait.mask, portrait.style, portrait.truncation
    from faceeditor.portrait.masks import read_mask

    mask, note = read_mask(path)
    if note:
        print(note, file=sys.stderr)
    return mask, None, 1.0


def _styles(args: argparse.Namespace, engine: Any, own_style: Any) -> list[Any]:
    if args.style is not None:
        return [_style_of_photo(args.style, engine)]
    if own_style is not None and args.seed is None and args.count == 1:
        return [own_style]
    from faceeditor.generators.style_prior import FIRST_SEED, StylePrior

    prior = StylePrior.load()
    first = args.seed if args.seed is not None else FIRST_SEED
    return [prior.draw(first + number) for number in range(args.count)]


def _style_of_photo(photo: Path, engine: Any) -> Any:
    from faceeditor.engine import EncodePhoto

    answer: list[Any] = []
    ticket = engine.run(EncodePhoto(photo), _progress, answer.append, answer.append)
    try:
        while not ticket.wait(0.1):
            pass
        # The answer is given just after the ticket is marked as finished.
        while not answer:
            ticket.wait(0.01)
    except KeyboardInterrupt:
        ticket.cancel()
        raise
    if isinstance(answer[0], FaceEditorError):
        raise answer[0]
    if answer[0].note:
        print(answer[0].note, file=sys.stderr)
    return answer[0].style


def _progress(share: float, text: str) -> None:
    """One line on a terminal's standard error, written over itself; nothing where it is redirected."""
    if sys.stderr.isatty():
        print(f"\r{share:4.0%} {text:30.30}", end="\n" if share >= 1.0 else "", file=sys.stderr, flush=True)

"""`faceeditor render`: faces for a mask or a portrait, with its head turned and lit at will, into files."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceeditor.cli import arguments, head_arguments
from faceeditor.cli.head_arguments import HeadOptions
from faceeditor.errors import FaceEditorError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from faceeditor.engine import Engine, RenderRequest
    from faceeditor.portrait.state import PortraitState
    from faceeditor.portrait.style import StyleCode
    from faceeditor.regions import MaskArray

MAX_FACES = 1000
"""Faces of one command at most."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "input", type=Path, nargs="?", help="mask (PNG) or portrait (.fep) (default: the first sample mask)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="picture to write: .png, .jpg, .webp, .tiff, .avif, or .ora and .psd with layers",
    )
    parser.add_argument(
        "--seed",
        type=arguments.seed,
        help="draw this person (default: the portrait's own, else 52)",
    )
    parser.add_argument("--anyone", action="store_true", help="draw any people, not such as the mask suggests")
    parser.add_argument("--style", type=Path, metavar="PHOTO", help="take the style from the face in a photograph")
    parser.add_argument("--count", type=arguments.count, default=1, help="draw so many people, with seeds counted up")
    parser.add_argument("--grid", action="store_true", help="lay them out in one picture, not in numbered files")
    parser.add_argument("--transparent", action="store_true", help="leave the background out (not in JPEG)")
    arguments.add_sign(parser)
    parser.add_argument("--size", type=int, help="longer side of the written picture in pixels, 16 to 8192")
    parser.add_argument("--truncation", type=arguments.truncation, help="0: a plain person, 1: as drawn (default)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set truncation, seed, or any control of the head, as mouthDimple_L=0.4 or age=1",
    )
    arguments.add_labels(parser)
    arguments.add_device(parser)
    head_arguments.declare(parser)
    parser.set_defaults(run=run_render)


def apply_settings(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Put `--set truncation=...` and `--set seed=...` into the arguments of the same name; returns all others.

    Raises:
        FaceEditorError: a setting without a value, or one that does not fit.
    """
    kinds: dict[str, Callable[[str], Any]] = {"truncation": arguments.truncation, "seed": arguments.seed}
    others = []
    for setting in args.set:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise FaceEditorError(f"“--set {setting}” is not understood; write a name and a value, as seed=7.")
        if name not in kinds:
            others.append((name, value))
            continue
        try:
            setattr(args, name, kinds[name](value))
        except (ValueError, argparse.ArgumentTypeError) as error:
            raise FaceEditorError(f"“--set {setting}” does not work: {error}.") from None
    return others


def run_render(args: argparse.Namespace) -> int:
    """Draw one or more faces into files; prints the file names."""
    from faceeditor.engine import Engine, Output, RenderRequest
    from faceeditor.engine.requests import FINE, FULL
    from faceeditor.export import format_of, sheet, write_picture
    from faceeditor.export.documents import write_face
    from faceeditor.export.photograph import SaveOptions
    from faceeditor.export.picture import MAX_SIDE

    wanted = head_arguments.parse_options(args, apply_settings(args))
    as_sheet = args.grid or len(wanted.sweeps) == 2
    single = not as_sheet and not wanted.plain
    SaveOptions(format_of(args.output, layered=single).kind, transparent=args.transparent, sign=args.sign)
    if args.transparent and not single:
        raise FaceEditorError("A sheet or a plain head has no background to leave out; leave --transparent out.")
    if args.size is not None and not 16 <= args.size <= MAX_SIDE:
        raise FaceEditorError(
            f"A picture of {args.size} pixels cannot be written; choose a size from 16 to {MAX_SIDE}."
        )
    if args.style is not None and (args.count > 1 or args.seed is not None):
        raise FaceEditorError("A photograph gives one style; leave --seed and --count out, or leave --style out.")
    total = args.count
    for sweep in wanted.sweeps:
        total *= len(sweep.values)
    if total > MAX_FACES:
        raise FaceEditorError(f"{total} faces are too many for one command; draw at most {MAX_FACES}.")
    outputs = _output_names(args.output, 1 if as_sheet else total)
    arguments.refuse_same_files(outputs, (args.input, args.style))
    source = _read_input(args.input, args.labels)
    output = Output.of_side(FINE if args.size is not None and args.size > FULL else FULL)
    faces: list[npt.NDArray[np.uint8]] = []
    masks: list[MaskArray] = []
    with Engine(args.device) as engine:
        for number, style in enumerate(_styles(args, engine, source)):
            state = source.state(style)
            if args.truncation is not None:
                state = state.with_face(truncation=args.truncation)
            request = RenderRequest.of(state, output, revision=number)
            for wish in _requests(engine, request, wanted):
                if total > 1:
                    show_progress(len(faces) / total, style.label)
                frame = engine.render(wish)
                pixels = frame.head_picture if wanted.plain else frame.pixels
                assert pixels is not None  # the request asked for it
                faces.append(pixels)
                masks.append(request.mask if frame.mask is None else frame.mask)
    if len(faces) > 1:
        show_progress(1.0, "")
    if as_sheet:
        faces = [sheet(faces, len(wanted.sweeps[0].values) if wanted.sweeps else 0)]
    for number, path in enumerate(outputs):
        if single:
            write_face(path, faces[number], masks[number], args.size, transparent=args.transparent, sign=args.sign)
        else:
            write_picture(path, faces[number], args.size, sign=args.sign)
        print(path)
    return 0


def _output_names(output: Path, count: int) -> list[Path]:
    """The names of so many written pictures: the output itself for one, else numbered ones."""
    if count == 1:
        return [output]
    digits = len(str(count))
    return [output.with_stem(f"{output.stem}-{number:0{digits}}") for number in range(1, count + 1)]


def _requests(engine: "Engine", request: "RenderRequest", wanted: HeadOptions) -> "list[RenderRequest]":
    """A request with what is asked of its head: one, or those of the sweeps, row by row."""
    from faceeditor.engine.sequences import sweep

    if not wanted:
        return [request]
    if request.face.head is None:
        from faceeditor.engine import Output, ReadHead

        head = answer(engine, ReadHead(engine.render(replace(request, output=Output())).pixels))
        request = request.with_face(head=head, base_head=head)
    assert request.face.head is not None
    changed = head_arguments.apply_options(request.face.head, wanted)
    made = [replace(request.with_face(head=changed), show_head=wanted.plain)]
    for series in reversed(wanted.sweeps):
        made = [each for row in made for each in sweep(row, series.control, series.values)]
    return made


@dataclass(frozen=True, eq=False)
class _Source:
    """What an input file gives: a mask, or a portrait's state."""

    mask: "MaskArray"
    portrait: "PortraitState | None" = None

    @property
    def style(self) -> "StyleCode | None":
        """The portrait's style; a mask file has none."""
        return None if self.portrait is None else self.portrait.style

    def state(self, style: "StyleCode") -> "PortraitState":
        """The state to draw with a style."""
        from faceeditor.portrait.state import PortraitState

        return PortraitState.of(self.mask, style) if self.portrait is None else self.portrait.with_face(style=style)


def _read_input(path: Path | None, labels: str = "auto") -> _Source:
    """What an input file holds, or the first sample mask; notes go to standard error."""
    from faceeditor.portrait.masks import read_mask, sample_masks

    if path is None:
        samples = sample_masks()
        if not samples:
            raise FaceEditorError("The sample masks are missing; name a mask or portrait, or reinstall Face Editor.")
        return _Source(samples[0].read())
    if path.suffix.lower() == ".fep":
        from faceeditor.portrait import store

        portrait = store.load(path)
        note = portrait.note
        source = _Source(portrait.mask, portrait.state())
    else:
        mask, note = read_mask(path, labels)
        source = _Source(mask)
    if note:
        print(note, file=sys.stderr)
    return source


def _styles(args: argparse.Namespace, engine: "Engine", source: "_Source") -> "list[StyleCode]":
    if args.style is not None:
        return [_style_of_photo(args.style, engine)]
    if source.style is not None and args.seed is None and args.count == 1:
        return [source.style]
    from faceeditor.generators.style_prior import FIRST_SEED, StylePrior

    prior = StylePrior.load()
    first = args.seed if args.seed is not None else FIRST_SEED
    fitting = None if args.anyone else source.mask
    return [prior.draw(first + number, fitting) for number in range(args.count)]


def _style_of_photo(photo: Path, engine: "Engine") -> Any:
    from faceeditor.engine import EncodePhoto

    found = answer(engine, EncodePhoto(photo), show_progress)
    if found.note:
        print(found.note, file=sys.stderr)
    return found.style.without_detail()


def answer(engine: "Engine", job: Any, on_progress: Callable[[float, str], None] = lambda share, text: None) -> Any:
    """What a job of the engine gives; its error is raised, and Ctrl+C cancels it."""
    given: list[Any] = []
    ticket = engine.run(job, on_progress, given.append, given.append)
    try:
        while not ticket.wait(0.1):
            pass
        # The answer is given just after the ticket is marked as finished.
        while not given:
            ticket.wait(0.01)
    except KeyboardInterrupt:
        ticket.cancel()
        raise
    if isinstance(given[0], FaceEditorError):
        raise given[0]
    return given[0]


def show_progress(share: float, text: str) -> None:
    """One line on a terminal's standard error, written over itself; nothing where it is redirected."""
    if sys.stderr.isatty():
        print(f"\r{share:4.0%} {text:30.30}", end="\n" if share >= 1.0 else "", file=sys.stderr, flush=True)

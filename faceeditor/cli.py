"""The command line: the same engine as the window's, without Qt.

Exit codes: 0 done, 1 something that the user can put right (one sentence on standard error), 2 wrong usage,
130 stopped with Ctrl+C.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from faceeditor import __version__
from faceeditor.errors import Cancelled, FaceEditorError

DEVICES = ("auto", "cuda", "openvino-cpu", "torch-cpu")
FIRST_SEED = 1
_STOPPED = 130

_EXAMPLES = """\
examples:
  faceeditor                                       open the window
  faceeditor anna.fep                              open a portrait, or a mask, in the window
  faceeditor render mask.png -o face.png --seed 7
  faceeditor render mask.png -o people.png --count 9 --grid
  faceeditor render anna.fep -o anna.jpg --size 1024 --set truncation=0.8
  faceeditor inspect anna.fep
  faceeditor bench speed --json speed.json

Each command explains itself: faceeditor render --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments without the program's name; by default those of the process.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or _is_file_to_open(arguments[0]):
        arguments = ["gui", *arguments]
    try:
        args = build_parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        return int(args.run(args))
    except (KeyboardInterrupt, Cancelled):
        print("faceeditor: stopped.", file=sys.stderr)
        return _STOPPED
    except FaceEditorError as error:
        print(f"faceeditor: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output has enough of it; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _is_file_to_open(argument: str) -> bool:
    return not argument.startswith("-") and argument not in _COMMANDS and Path(argument).suffix != ""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets `run` to a function of the parsed arguments."""
    parser = argparse.ArgumentParser(
        prog="faceeditor",
        description="Face Editor: paint a mask, see a face. Without a command the window opens.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"Face Editor {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (text, declare) in _COMMANDS.items():
        examples = "\n".join(line for line in _EXAMPLES.splitlines() if f"faceeditor {name}" in line)
        command = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=f"examples:\n{examples}" if examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        declare(command)
    return parser


# ---- numbers on the command line


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is negative; a seed is a whole number from 0 up")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{value} is not within 1 to 1000")
    return value


def _truncation(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 2.0:
        raise argparse.ArgumentTypeError(f"{value:g} is not within 0 (the average person) and 2 (exaggerated)")
    return value


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what draws (default: the fastest there is)")


# ---- render


def _declare_render(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, help="mask (PNG) or portrait (.fep)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="picture to write: .png, .jpg, .webp or .tiff")
    parser.add_argument("--seed", type=_seed, help=f"draw this person (default: the portrait's own, else {FIRST_SEED})")
    parser.add_argument("--style", type=Path, metavar="PHOTO", help="take the style from the face in a photograph")
    parser.add_argument("--count", type=_count, default=1, help="draw so many people, with seeds counted up")
    parser.add_argument("--grid", action="store_true", help="lay them out in one picture, not in numbered files")
    parser.add_argument("--size", type=int, help="longer side of the written picture in pixels, 16 to 8192")
    parser.add_argument("--truncation", type=_truncation, help="0: the average person, 1: as drawn (default)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change truncation or seed")
    _add_device(parser)
    parser.set_defaults(run=run_render)


def apply_settings(args: argparse.Namespace) -> None:
    """Put `--set name=value` into the arguments of the same name.

    Raises:
        FaceEditorError: another name, or a value that does not fit.
    """
    kinds: dict[str, Callable[[str], Any]] = {"truncation": _truncation, "seed": _seed}
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
    from faceeditor.generators.style_prior import StylePrior

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


# ---- inspect


def _declare_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", type=Path, help="portrait (.fep), mask (PNG), or a model pack: its folder or name")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_inspect)


def run_inspect(args: argparse.Namespace) -> int:
    """Print what a file or model pack holds."""
    from faceeditor.paths import models_dir

    what: Path = args.what
    if what.is_dir():
        facts = _pack_facts(what.resolve())
    elif not what.exists() and (models_dir() / what).is_dir():
        facts = _pack_facts(models_dir() / what)
    elif what.suffix.lower() == ".fep":
        from faceeditor.portrait import store

        portrait = store.load(what)
        facts = {
            "portrait": str(what),
            "style": portrait.style.label or "(without a name)",
            "truncation": portrait.truncation,
            "recent styles": ", ".join(style.label for style in portrait.recent_styles) or "none",
            **_mask_facts(portrait.mask),
        }
    else:
        from faceeditor.portrait.masks import read_mask

        mask, note = read_mask(what)
        facts = {"mask": str(what), **({"note": note} if note else {}), **_mask_facts(mask)}
    if args.json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        width = max(len(name) for name in facts)
        for name, value in facts.items():
            print(f"{name:{width}}  {value}")
    return 0


def _mask_facts(mask: Any) -> dict[str, Any]:
    import numpy as np

    from faceeditor.regions import REGION_COUNT, REGION_NAMES

    shares = np.bincount(mask.ravel(), minlength=REGION_COUNT) / mask.size
    return {
        "size": f"{mask.shape[1]} x {mask.shape[0]}",
        **{REGION_NAMES[region]: f"{shares[region]:.1%}" for region in range(REGION_COUNT) if shares[region] > 0},
    }


def _pack_facts(folder: Path) -> dict[str, Any]:
    """Facts of a model pack; every file is checked against its size and hash."""
    from faceeditor.packs import ModelPack

    pack = ModelPack.open(folder.name, folder.parent)
    facts: dict[str, Any] = {"model": pack.name, "kind": pack.kind, "version": pack.version, "folder": str(pack.folder)}
    for name in pack.files:
        arrays = pack.load(name)
        facts[name] = f"{pack.files[name].bytes:,} bytes, {sum(a.size for a in arrays.values()):,} numbers, as listed"
    facts.update({name: value for name, value in pack.config.items() if isinstance(value, str | int | float | list)})
    return facts


# ---- demo, gui


def _declare_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", type=Path, default=Path("out"), help="folder to write into (default: out)")
    _add_device(parser)
    parser.set_defaults(run=run_demo)


def run_demo(args: argparse.Namespace) -> int:
    """Draw the demo portrait and a picture of the window into a folder; needs no display."""
    from faceeditor.engine import Engine, RenderRequest, RenderSheet
    from faceeditor.engine.jobs import sheet
    from faceeditor.export import side_by_side, write_picture
    from faceeditor.generators.style_prior import StylePrior
    from faceeditor.portrait.masks import sample_masks
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
        styles = [prior.draw(FIRST_SEED + number) for number in range(6)]
        faces = [engine.render(RenderRequest(n, mask, style)).pixels for n, style in enumerate(styles)]
        device = engine.status.message
    people = sheet(faces, columns=3, margin=RenderSheet.margin)
    written = {"portrait.png": side_by_side(faces[0], colorize(mask)), "people.png": people}
    for name, pixels in written.items():
        write_picture(args.output / name, pixels)
        print(args.output / name)
    # Qt is above this room: it is looked up by name, and only now.
    snapshot = importlib.import_module("faceeditor.gui.snapshot")
    print(snapshot.window_snapshot(args.output / "window.png"))
    print(device, file=sys.stderr)
    return 0


def _declare_gui(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", help="portrait (.fep) or mask (PNG) to open")
    parser.set_defaults(run=run_gui)


def run_gui(args: argparse.Namespace) -> int:
    """Open the window and wait until it is closed."""
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not shown:
        raise FaceEditorError(
            "There is no display for the window; “faceeditor demo” draws a picture of it into a file."
        )
    app = importlib.import_module("faceeditor.gui.app")
    return int(app.main([str(args.file)] if args.file is not None else []))


# ---- train, dataset, bench


def _declare_train(parser: argparse.ArgumentParser) -> None:
    from faceeditor.training.cli import add_arguments, run

    add_arguments(parser)
    parser.set_defaults(run=run)


def _declare_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="folder of a face data set (index.csv, images, labels)")
    parser.set_defaults(run=run_dataset)


def run_dataset(args: argparse.Namespace) -> int:
    """Read a whole data set and print how many faces it has and which regions they show."""
    import numpy as np

    from faceeditor.regions import REGION_COUNT, REGION_NAMES
    from faceeditor.training.data import load_faces

    shown = np.zeros(REGION_COUNT)
    total = 0
    for part in ("train", "kept-out"):
        faces = load_faces(args.folder, part)
        print(f"{part:10} {len(faces):6} faces")
        shown += [sum(bool((mask == region).any()) for mask in faces.masks) for region in range(REGION_COUNT)]
        total += len(faces)
    for region in range(REGION_COUNT):
        print(f"{REGION_NAMES[region]:12} in {shown[region] / max(1, total):6.1%} of the faces")
    return 0


def _declare_bench(parser: argparse.ArgumentParser) -> None:
    from faceeditor.evaluation.cli import add_arguments, run

    kinds = parser.add_subparsers(title="what to measure", metavar="WHAT", required=True)
    quality = kinds.add_parser("quality", help="mask fidelity, diversity, reconstruction ... on kept-out photographs")
    add_arguments(quality)
    quality.set_defaults(run=run)
    speed = kinds.add_parser("speed", help="network, engine and window, next to a network of StyleGAN2's size")
    speed.add_argument("--seconds", type=float, default=20.0, help="time for all measurements (default: 20)")
    speed.add_argument("--json", type=Path, metavar="FILE", help="also write the figures into a file")
    speed.add_argument("--no-window", action="store_true", help="leave the window out")
    speed.add_argument("--no-reference", action="store_true", help="leave the reference network out")
    _add_device(speed)
    speed.set_defaults(run=run_bench_speed)


def run_bench_speed(args: argparse.Namespace) -> int:
    """Measure, print the table and write the JSON file."""
    from faceeditor.engine.bench import speed_figures
    from faceeditor.evaluation.speed import table, write_json

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


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "gui": ("open the window (the default)", _declare_gui),
    "render": ("draw faces for a mask or a portrait into files", _declare_render),
    "inspect": ("say what a portrait, mask or model pack holds", _declare_inspect),
    "demo": ("draw the demo portrait and a picture of the window into files", _declare_demo),
    "train": ("train a model", _declare_train),
    "dataset": ("check a face data set and say what it shows", _declare_dataset),
    "bench": ("measure quality or speed", _declare_bench),
}

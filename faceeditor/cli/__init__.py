"""The command line: the same engine as the window's, without Qt.

Exit codes: 0 done, 1 something that the user can put right (one sentence on standard error), 2 wrong usage,
130 stopped with Ctrl+C.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from faceeditor import __version__
from faceeditor.cli import dataset, demo, edit, generators, identity, inspect, masks, measure, render
from faceeditor.cli.arguments import refuse_same_files
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.leaving import note_exit_code

_STOPPED = 130

_EXAMPLES = """\
examples:
  faceeditor                                       open the window
  faceeditor anna.fep                              open a portrait, or a mask, in the window
  faceeditor render mask.png -o face.png --seed 7
  faceeditor render mask.png -o people.png --count 9 --grid
  faceeditor render anna.fep -o anna.jpg --size 1024 --set truncation=0.8
  faceeditor render --yaw 20 --smile 0.8 --light rembrandt --identity-seed 7 -o out.png
  faceeditor render anna.fep --expression joy --sweep yaw:-40:40:9 --grid -o turn.png
  faceeditor edit photo.jpg --yaw 8 --smile 0.4 --light rembrandt -o out.jpg
  faceeditor edit photos/ --neutral -o edited/ --jobs 2
  faceeditor inspect anna.fep
  faceeditor identity board anna.fep -o board.png --method head
  faceeditor masks CelebAMask-HQ-mask-anno --out masks
  faceeditor dataset render --count 1000 --out renderings --seed 1
  faceeditor import-generator network-snapshot.pkl -o cousins
  faceeditor generate cousins -o people.png --count 9 --truncation 0.7 --grid
  faceeditor bench speed --json speed.json

Each command explains itself: faceeditor render --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and keep its exit code for the end of the process; see `_run`."""
    return note_exit_code(_run(argv))


def _run(argv: Sequence[str] | None = None) -> int:
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
        _protect_inputs(args)
        return int(args.run(args))
    except (KeyboardInterrupt, Cancelled):
        print("faceeditor: stopped.", file=sys.stderr)
        return _STOPPED
    except FaceEditorError as error:
        print(f"faceeditor: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("faceeditor: there is not enough memory; close other programs or ask for less.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output has enough of it; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _protect_inputs(args: argparse.Namespace) -> None:
    """Refuse an output file that is one of the files read, for every command.

    Raises:
        FaceEditorError: they are the same, and the command was not asked to change its input in place.
    """
    if getattr(args, "in_place", False):
        return
    outputs: list[Path] = []
    inputs: list[Path] = []
    for name, value in vars(args).items():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, Path) and not path.is_dir():
                (outputs if name in _OUTPUTS else inputs).append(path)
    refuse_same_files(outputs, inputs)


_OUTPUTS = {"output", "out", "json", "csv"}
"""Arguments that name files to write."""


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
    # Imported here: the other commands need no Qt.
    from faceeditor.gui.app import main as open_window

    return int(open_window([str(args.file)] if args.file is not None else []))


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "gui": ("open the window (the default)", _declare_gui),
    "render": ("draw faces for a mask or a portrait into files", render.declare),
    "identity": ("draw more pictures of one person, and make and measure data sets of people", identity.declare),
    "edit": ("edit photographs at their own size: turn, light and change heads", edit.declare),
    "inspect": ("say what a portrait, mask or model pack holds", inspect.declare),
    "masks": ("convert a folder of masks that other programs made", masks.declare),
    "demo": ("draw the demo portrait and a picture of the window into files", demo.declare),
    "import-generator": ("bring a StyleGAN2, StyleGAN3 or GAN-Control checkpoint", generators.declare_import),
    "generate": ("draw faces of an imported generator into files", generators.declare_generate),
    "train": ("train a model", measure.declare_train),
    "dataset": ("check a face data set, or render one from random heads", dataset.declare),
    "bench": ("measure quality or speed", measure.declare_bench),
}

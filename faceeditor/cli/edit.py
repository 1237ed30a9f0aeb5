"""`faceeditor edit`: photographs with their heads turned, lit and changed, at their own size, into files."""

import argparse
import csv
import hashlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceeditor.cli import arguments, head_arguments
from faceeditor.cli.render import answer
from faceeditor.errors import Cancelled, FaceEditorError

if TYPE_CHECKING:
    from faceeditor.cli.head_arguments import HeadOptions
    from faceeditor.engine import Engine
    from faceeditor.portrait.adjustments import Adjustments
    from faceeditor.portrait.head import HeadCoefficients

_log = logging.getLogger(__name__)

REPORT = "faceeditor-edit.csv"
"""Name of the report that a folder of results has."""
READABLE = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif")
"""Endings of the files that are taken from a folder."""
MAX_JOBS = 16
MOST_BREAKS = 3
"""Times in a row that processes may end before a photograph is done."""

_COLUMNS = ("input", "output", "status", "message", "seconds", "settings")
_DONE = ("edited", "unchanged")
_ABSOLUTE = ("key_azimuth", "key_elevation", "key_strength", "key_softness", "fill", "rim")
"""Controls that are set; all others are changed by the value, from what the photograph shows."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("input", type=Path, nargs="+", help="photographs, or folders of them")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="file (.jpg, .png, .tiff, .webp, .avif; .ora or .psd with layers), or for several photographs a folder",
    )
    parser.add_argument("--in-place", action="store_true", help="replace the photographs themselves")
    parser.add_argument("--face", type=int, default=1, help="which face, from 1, the largest first (default: 1)")
    parser.add_argument("--neutral", action="store_true", help="take the expression out before anything is added")
    parser.add_argument(
        "--colour",
        type=_colour,
        action="append",
        default=[],
        metavar="REGION=#RRGGBB",
        help="another colour of hair, brows, iris, lips, skin, cloth or background, as lips=#a02040",
    )
    parser.add_argument("--shadows", type=_share, default=1.0, metavar="0..1", help="darkness of cast shadows")
    parser.add_argument(
        "--surroundings", type=_share, default=0.0, metavar="0..1", help="how far the background follows the light"
    )
    parser.add_argument("--quality", type=int, default=95, help="of JPEG, WebP and AVIF, 1 to 100 (default: 95)")
    parser.add_argument("--bits", type=int, choices=(8, 16), help="bits per sample (default: the photograph's)")
    parser.add_argument("--remove-position", action="store_true", help="leave out where the photograph was taken (GPS)")
    parser.add_argument("--transparent", action="store_true", help="leave the background out (not in JPEG)")
    arguments.add_sign(parser)
    parser.add_argument("--srgb", action="store_true", help="convert to sRGB instead of keeping the colour space")
    parser.add_argument("--jobs", type=int, default=1, help="photographs that are worked on at a time (default: 1)")
    parser.add_argument("--again", action="store_true", help="edit photographs again that were done before")
    parser.add_argument("--report", type=Path, help=f"CSV of what happened (default for folders: {REPORT} in it)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a control by a value")
    arguments.add_device(parser)
    head_arguments.declare(parser, series=False)
    parser.set_defaults(run=run_edit)


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{value:g} is not within 0 and 1")
    return value


def _colour(text: str) -> tuple[str, tuple[float, float, float]]:
    """A region's name and its colour, each channel 0..1."""
    from faceeditor.portrait.adjustments import REGION_SETS

    name, _, value = text.partition("=")
    digits = value.removeprefix("#")
    if name not in REGION_SETS:
        raise argparse.ArgumentTypeError(f"“{name}” is none of {', '.join(REGION_SETS)}")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{value}” is no colour; write six digits, as {name}=#a02040") from None
    return name, (red / 255, green / 255, blue / 255)


def colour_adjustments(args: argparse.Namespace) -> "Adjustments":
    """The adjustments that `--colour` asks for."""
    from faceeditor.portrait.adjustments import REGION_SETS, Adjustment, ColourChange

    return tuple(
        Adjustment(name, ColourChange(colour, iris=name == "iris"), REGION_SETS[name]) for name, colour in args.colour
    )


@dataclass(frozen=True)
class Task:
    """One photograph and where it goes."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a photograph: `status` is edited, unchanged or failed."""

    task: Task
    status: str
    message: str
    seconds: float


def run_edit(args: argparse.Namespace) -> int:
    """Edit photographs; prints the file names of the results."""
    if args.face < 1:
        raise FaceEditorError("Faces are counted from 1; choose --face 1 or more.")
    if not 1 <= args.jobs <= MAX_JOBS:
        raise FaceEditorError(f"{args.jobs} photographs at a time are not possible; choose --jobs 1 to {MAX_JOBS}.")
    wanted_options(args)
    save_options(args)
    tasks = list_tasks(args)
    report = _report_path(args, tasks)
    key = settings_key(args)
    finished = {} if args.again or report is None else _finished(report, key)
    left = [task for task in tasks if not (finished.get(str(task.target.resolve())) and task.target.exists())]
    if len(left) < len(tasks):
        print(f"{len(tasks) - len(left)} of {len(tasks)} were done before; --again edits them again.", file=sys.stderr)
    failed = 0
    with _report(report, key) as note:
        for outcome in _outcomes(args, left):
            note(outcome)
            if outcome.status == "failed":
                failed += 1
                if len(tasks) > 1:
                    print(f"faceeditor: {outcome.task.source}: {outcome.message}", file=sys.stderr)
            else:
                print(outcome.task.target)
            if outcome.status == "failed" and len(tasks) == 1:
                raise FaceEditorError(outcome.message)
    if failed:
        raise FaceEditorError(f"{failed} of {len(tasks)} photographs could not be edited; the others are done.")
    return 0


def list_tasks(args: argparse.Namespace) -> list[Task]:
    """What is to be done, checked before any work begins.

    Raises:
        FaceEditorError: no or contradictory outputs, an output that is an input, nothing to do.
    """
    from faceeditor.export.formats import format_of

    if (args.output is None) == (not args.in_place):
        raise FaceEditorError("Say where the result goes with -o, or replace the photograph itself with --in-place.")
    folders = any(path.is_dir() for path in args.input)
    sources: list[tuple[Path, Path]] = []  # a file, and its name below the output folder
    for path in args.input:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in READABLE and p.is_file())
            sources += [(p, p.relative_to(path)) for p in found]
        elif path.exists():
            sources.append((path, Path(path.name)))
        else:
            raise FaceEditorError(f"“{path}” does not exist; choose another file.")
    if not sources:
        raise FaceEditorError(f"“{args.input[0]}” holds no photographs; choose another folder.")
    if args.in_place:
        for source, _ in sources:
            replace(save_options(args), kind=format_of(source).kind)
        return [Task(source, source) for source, _ in sources]
    many = folders or len(sources) > 1
    into = args.output.is_dir() or (many and not args.output.suffix)
    if many and not into:
        raise FaceEditorError(f"“{args.output}” is one file for several photographs; name a folder.")
    tasks = [Task(source, args.output / below if into else args.output) for source, below in sources]
    targets: set[Path] = set()
    originals = {source.resolve() for source, _ in sources}
    for task in tasks:
        replace(save_options(args), kind=format_of(task.target, layered=True).kind)
        place = task.target.resolve()
        if place in originals or any(task.target.exists() and task.target.samefile(source) for source in originals):
            raise FaceEditorError(
                f"“{task.target}” is one of the photographs to be edited; choose another output, or --in-place."
            )
        if place in targets:
            raise FaceEditorError(f"Two photographs would be written to “{task.target}”; edit them one by one.")
        targets.add(place)
    return tasks


def wanted_options(args: argparse.Namespace) -> "HeadOptions":
    """What is asked of the head, checked."""
    settings = []
    for setting in args.set:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise FaceEditorError(f"“--set {setting}” is not understood; write a name and a value, as smile=0.4.")
        settings.append((name, value))
    return head_arguments.parse_options(args, settings)


def save_options(args: argparse.Namespace) -> Any:
    """`export.photograph.SaveOptions` of the arguments, checked."""
    from faceeditor.export.photograph import SaveOptions

    return SaveOptions(None, args.bits, args.quality, not args.remove_position, args.srgb, args.transparent, args.sign)


def edited_head(head: "HeadCoefficients", wanted: "HeadOptions", neutral: bool = False) -> "HeadCoefficients":
    """The head that was read with everything that is asked of it.

    Values of controls are added to what the photograph shows, but for the lamps, which are set.
    """
    from faceeditor.head.model import HeadModel

    if neutral:
        head = head.changed(expression=head.expression * 0)
    head = head_arguments.apply_options(head, replace(wanted, values=()), head.gamma)
    for control, value in wanted.values:
        model = HeadModel.load() if control.group == "identity" else None
        if control.name not in _ABSOLUTE:
            if value == 0:
                continue
            value = control.clip(control.get(head, model) + value)
        head = control.set(head, model, value)
    return head


def settings_key(args: argparse.Namespace) -> str:
    """What tells two edits apart: a short hash of all arguments but files and jobs."""
    aside = ("input", "output", "in_place", "jobs", "again", "report", "device", "run")
    chosen = {name: value for name, value in vars(args).items() if name not in aside}
    return hashlib.blake2b(repr(sorted(chosen.items())).encode(), digest_size=6).hexdigest()


def edit_file(args: argparse.Namespace, engine: "Engine", task: Task) -> Outcome:
    """Edit one photograph and write it; what goes wrong is told in the outcome."""
    from faceeditor.engine.photo_edit import FaceEdit, FindFace
    from faceeditor.engine.photo_export import ExportPhotograph
    from faceeditor.images import read_source
    from faceeditor.photo.face import Options

    begun = time.perf_counter()

    def outcome(status: str, message: str = "") -> Outcome:
        return Outcome(task, status, message, time.perf_counter() - begun)

    try:
        source = read_source(task.source)
        found = answer(engine, FindFace(source, args.face - 1))
        head = edited_head(found.photo.head, wanted_options(args), args.neutral)
        options = Options(args.shadows, args.surroundings)
        edit = FaceEdit(found.photo, found.style, head, options=options, adjustments=colour_adjustments(args))
        task.target.parent.mkdir(parents=True, exist_ok=True)
        written = answer(engine, ExportPhotograph(source, (edit,), task.target, save_options(args)))
    except Cancelled:
        raise
    except FaceEditorError as error:
        return outcome("failed", str(error))
    except OSError as error:
        from faceeditor.images import write_error

        return outcome("failed", str(write_error(task.target, error)))
    except MemoryError:
        return outcome("failed", "There is not enough memory for this photograph; use fewer --jobs.")
    except Exception as error:
        # One photograph must not end a run of thousands.
        _log.exception("%s could not be edited", task.source)
        return outcome("failed", f"The photograph could not be edited ({error}).")
    return outcome("edited" if written.edited else "unchanged", found.note)


def _outcomes(args: argparse.Namespace, tasks: list[Task]) -> Iterator[Outcome]:
    """What becomes of each photograph, with a progress bar on a terminal."""
    from tqdm import tqdm

    bar = tqdm(total=len(tasks), unit="photo", disable=len(tasks) < 2 or not sys.stderr.isatty())
    with bar:
        for outcome in _in_processes(args, tasks) if args.jobs > 1 and len(tasks) > 1 else _one_by_one(args, tasks):
            bar.update()
            yield outcome


def _one_by_one(args: argparse.Namespace, tasks: list[Task]) -> Iterator[Outcome]:
    from faceeditor.engine import Engine

    if not tasks:
        return
    with Engine(args.device) as engine:
        for task in tasks:
            yield edit_file(args, engine, task)


_engine: Any = None


def _start_process(device: str, threads: int) -> None:
    global _engine
    from faceeditor.engine import Engine
    from faceeditor.processes import begin_worker

    begin_worker(threads)
    _engine = Engine(device)
    _engine.start()


def _in_a_process(args: argparse.Namespace, task: Task) -> Outcome:
    return edit_file(args, _engine, task)


def _in_processes(args: argparse.Namespace, tasks: list[Task]) -> Iterator[Outcome]:
    """Several photographs at a time, each in a process with an engine of its own; one that is killed is replaced.

    Raises:
        FaceEditorError: the processes end again and again.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    plain = argparse.Namespace(**{name: value for name, value in vars(args).items() if name != "run"})
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // args.jobs)
    left, breaks = list(tasks), 0
    while left:
        workers = min(args.jobs, len(left))
        pool = ProcessPoolExecutor(workers, context, initializer=_start_process, initargs=(args.device, threads))
        try:
            waiting = {pool.submit(_in_a_process, plain, task): task for task in left}
            for future in as_completed(waiting):
                outcome = future.result()
                left.remove(waiting[future])
                breaks = 0
                yield outcome
        except BrokenProcessPool:
            breaks += 1
            if breaks >= MOST_BREAKS:
                raise FaceEditorError(
                    f"The processes ended {breaks} times before a photograph was done (not enough memory?); use fewer "
                    "--jobs. What is done stays; the same command goes on from there."
                ) from None
        finally:
            # What is under way is given up: files are written as a whole or not at all.
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)


def _report_path(args: argparse.Namespace, tasks: list[Task]) -> Path | None:
    if args.report is not None:
        return Path(args.report)
    if args.in_place:
        folder = args.input[0] if args.input[0].is_dir() else args.input[0].parent
        return folder / REPORT
    many = len(tasks) > 1 or args.output.is_dir()
    return args.output / REPORT if many else None


def _finished(report: Path, key: str) -> dict[str, bool]:
    """By resolved output: whether the last line of a report says that it was done with these settings."""
    done: dict[str, bool] = {}
    try:
        with report.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                place = str(Path(row.get("output") or "").resolve())
                done[place] = row.get("status") in _DONE and row.get("settings") == key
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FaceEditorError(
            f"The report “{report}” cannot be read ({error}); move it away or name another."
        ) from None
    return done


@contextmanager
def _report(path: Path | None, key: str) -> Iterator[Any]:
    """A function that adds an outcome to the report, written at once: a stopped run goes on where it was."""
    if path is None:
        yield lambda outcome: None
        return
    from faceeditor.images import write_error

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists() or path.stat().st_size == 0
        stream = path.open("a", newline="", encoding="utf-8")
    except OSError as error:
        raise write_error(path, error) from error
    with stream:
        writer = csv.writer(stream)
        if fresh:
            writer.writerow(_COLUMNS)

        def note(outcome: Outcome) -> None:
            task = outcome.task
            row = (task.source, task.target, outcome.status, outcome.message, f"{outcome.seconds:.2f}", key)
            writer.writerow(row)
            stream.flush()

        yield note

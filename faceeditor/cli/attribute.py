"""`faceeditor identity attribute`: change an attribute of a face and hold its identity."""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceeditor.cli import arguments
from faceeditor.cli.render import answer, show_progress
from faceeditor.errors import FaceEditorError

if TYPE_CHECKING:
    from faceeditor.engine import Engine
    from faceeditor.identity.optimise import OptimisationStep
    from faceeditor.identity.variation import Variation


def declare(commands: Any) -> None:
    """Add the sub-command `attribute` to those of `faceeditor identity`."""
    parser = commands.add_parser(
        "attribute", help="change an attribute (smile, age, beard, hair ...) while the identity is held"
    )
    parser.add_argument("input", type=Path, help="portrait (.fep) or photograph")
    parser.add_argument("-o", "--output", type=Path, required=True, help="picture to write, or a portrait (.fep)")
    parser.add_argument("--attribute", default="smile", metavar="NAME", help="smile, age, youth, glasses, beard, "
                        "blond_hair, black_hair, red_hair, grey_hair, long_hair, makeup, fullness or "
                        "side_light")  # fmt: skip
    parser.add_argument("--guide", type=Path, metavar="PICTURE", help="take it from the face in this picture instead")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="with --guide: hair, eyes, brows, "
                        "mouth, nose, skin, glasses, clothes or background; may be repeated (hair)")  # fmt: skip
    parser.add_argument("--amount", type=float, default=1.0, help="more than 0, at most 1.5 (default: 1)")
    parser.add_argument("--hold", type=float, default=0.45, help="largest identity distance (default: 0.45; 0.6 is "
                        "the limit of one person)")  # fmt: skip
    parser.add_argument("--steps", type=int, default=40, help="steps of the optimisation, 1 to 400 (default: 40)")
    parser.add_argument("--mode", choices=("portrait", "pixels"), default="portrait", help="change style code and head "
                        "(default), or the pixels, as published")  # fmt: skip
    parser.add_argument("--curve", type=Path, metavar="CSV", help="write progress and distance of every step")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_device(parser)
    parser.set_defaults(run=run_attribute)


def run_attribute(args: argparse.Namespace) -> int:
    """Optimise and write the result; prints the attribute's gain and the identity distance."""
    from faceeditor.engine import Engine
    from faceeditor.engine.attribute_job import AttributeOptimisation, AttributeRequest, OptimiseAttribute
    from faceeditor.export import format_of

    to_portrait = args.output.suffix.lower() == ".fep"
    if not to_portrait:
        format_of(args.output)
    elif args.mode == "pixels":
        raise FaceEditorError("Optimised pixels are a picture and no portrait; name a .png or use --mode portrait.")
    steps: list[OptimisationStep] = []
    with Engine(args.device) as engine:
        found = None
        if args.mode == "portrait" and args.input.suffix.lower() != ".fep":
            found = _find(args.input, engine)
            portrait, photo = found.portrait, None
        else:
            portrait, photo = read_person(args.input, engine)
        request = AttributeRequest(
            portrait, args.attribute, args.guide, tuple(args.only) or ("hair",), args.amount, args.hold, args.steps,
            None, args.mode, photo if args.mode == "pixels" else None,
        )  # fmt: skip
        work = AttributeOptimisation(request, steps.append)
        answer(engine, OptimiseAttribute(work), show_progress)
        start = engine.render(_request(portrait))
        if not steps:
            raise FaceEditorError("The optimisation was stopped before its first step; nothing was written.")
        facts = _facts(args, steps, photo if args.mode == "pixels" and photo is not None else start.pixels)
        _write(args, steps[-1], engine, found)
    if args.curve is not None:
        _write_curve(args.curve, steps)
    print(args.output)
    if args.json:
        print(json.dumps(facts, indent=2))
    else:
        print("\n".join(f"{name}: {value:g}" for name, value in facts.items()))
    return 0


@dataclass(frozen=True, eq=False)
class _Found:
    """A photograph with its face, and the portrait that was read from it."""

    source: Any
    face: Any
    portrait: "Variation"


def _find(path: Path, engine: "Engine") -> _Found:
    from faceeditor.engine.photo_edit import FindFace
    from faceeditor.identity.variation import Variation
    from faceeditor.images import read_source

    source = read_source(path)
    face = answer(engine, FindFace(source), show_progress)
    if face.note:
        print(face.note, file=sys.stderr)
    head = face.photo.head
    return _Found(source, face, Variation(face.photo.mask, face.style, head, head))


def read_person(path: Path, engine: "Engine") -> "tuple[Variation, Any]":
    """The portrait in a file, with a head, and the aligned photograph where it is one."""
    from faceeditor.engine import ReadPhoto
    from faceeditor.identity.people import person_on_mask
    from faceeditor.identity.variation import Variation

    if path.suffix.lower() != ".fep":
        reading = answer(engine, ReadPhoto(path), show_progress)
        if reading.note:
            print(reading.note, file=sys.stderr)
        return Variation(reading.mask, reading.style, reading.head, reading.head), reading.photo
    from faceeditor.portrait import store

    loaded = store.load(path)
    if loaded.note:
        print(loaded.note, file=sys.stderr)
    portrait = Variation(loaded.mask, loaded.style, loaded.head, loaded.base_head, loaded.truncation)
    if portrait.head is None:
        with_head = person_on_mask(portrait.mask, portrait.style, Drawing(engine))
        portrait = replace(portrait, head=with_head.head, base_head=with_head.head)
    return portrait, None


class Drawing:
    """The engine as a renderer of variations."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    def draw(self, variation: "Variation") -> Any:
        """The picture of a variation."""
        from faceeditor.identity.variation import FacePicture

        frame = self._engine.render(_request(variation))
        return FacePicture.of_mask(frame.pixels, frame.mask if frame.mask is not None else variation.mask)


def _request(portrait: "Variation") -> Any:
    from faceeditor.engine.drawing import request_of

    return request_of(portrait)


def _facts(args: argparse.Namespace, steps: "list[OptimisationStep]", start: Any) -> dict[str, float]:
    """Gain by the measures that no loss uses, where the attribute has one; progress and distance."""
    facts = {"steps": float(steps[-1].number), "progress": round(steps[-1].progress, 4)}
    if args.guide is None:
        from faceeditor.identity.measures import AttributeMeter

        meter = AttributeMeter.load()
        before = meter.measure(args.attribute, start, steps[0].mask)
        facts["gain"] = round(meter.measure(args.attribute, steps[-1].pixels, steps[-1].mask) - before, 4)
    facts["identity distance"] = round(steps[-1].distance, 4)
    return facts


def _write(args: argparse.Namespace, step: "OptimisationStep", engine: "Engine", found: _Found | None) -> None:
    from faceeditor.export import write_picture

    to_portrait = args.output.suffix.lower() == ".fep"
    if found is not None and step.portrait is not None and not to_portrait:
        from faceeditor.engine.photo_edit import EditPhoto, FaceEdit
        from faceeditor.export.photograph import SaveOptions, write_photograph

        shown, photo = step.portrait, found.face.photo
        edit = FaceEdit(photo, shown.style, shown.head, shown.mask, own_style=found.face.style)
        samples = answer(engine, EditPhoto(found.source, (edit,)), show_progress)
        write_photograph(args.output, found.source, samples, SaveOptions())
        return
    if not to_portrait:
        pixels = engine.render(_request(step.portrait)).pixels if step.portrait is not None else step.pixels
        write_picture(args.output, pixels)
        return
    from faceeditor.portrait import store
    from faceeditor.portrait.document import Portrait

    made = step.portrait
    assert made is not None  # a portrait was optimised
    portrait = Portrait(made.mask, made.style, made.truncation, head=made.head, base_head=made.base_head)
    store.save(portrait, args.output, step.pixels)


def _write_curve(path: Path, steps: "list[OptimisationStep]") -> None:
    from faceeditor.images import write_atomic

    names = list(steps[0].terms)
    lines = [",".join(("step", "progress", "distance", *names))]
    for step in steps:
        values = (step.progress, step.distance, *(step.terms.get(name, 0.0) for name in names))
        lines.append(",".join([str(step.number), *(f"{value:.6g}" for value in values)]))
    write_atomic(path, ("\n".join(lines) + "\n").encode())

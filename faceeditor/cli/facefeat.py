"""`faceeditor identity facefeat`: pictures of a person from drawn features (FaceFeat-GAN)."""

import argparse
from pathlib import Path
from typing import Any

from faceeditor.cli import arguments
from faceeditor.errors import FaceEditorError


def declare(commands: Any) -> None:
    """Add the sub-command `facefeat` to those of `faceeditor identity`."""
    parser = commands.add_parser("facefeat", help="draw pictures of a person from generated features (FaceFeat-GAN)")
    parser.add_argument("input", type=Path, help="portrait (.fep) or photograph: the mask, and the person")
    parser.add_argument("-o", "--output", type=Path, required=True, help="sheet to write")
    parser.add_argument("--person", type=Path, action="append", default=[], metavar="PHOTO", help="draw this person "
                        "instead, from the same features; may be repeated: one row a person")  # fmt: skip
    parser.add_argument("--count", type=arguments.count, default=6, help="pictures of each person (default: 6)")
    parser.add_argument("--seed", type=arguments.seed, default=0, help="of the features (default: 0)")
    arguments.add_device(parser)
    parser.set_defaults(run=run_facefeat)


def run_facefeat(args: argparse.Namespace) -> int:
    """Draw a sheet; prints the distance of every picture to its person's identity feature."""
    import numpy as np

    from faceeditor.cli.attribute import Drawing, read_person
    from faceeditor.engine import Engine
    from faceeditor.export import format_of, sheet, write_picture
    from faceeditor.identity.facefeat import FaceFeat
    from faceeditor.identity.recogniser import distance, load

    format_of(args.output)
    if args.count > 24:
        raise FaceEditorError(f"{args.count} pictures of a person are too many for a sheet; draw at most 24.")
    facefeat, net = FaceFeat.load(), load()
    with Engine(args.device) as engine:
        drawing = Drawing(engine)
        people = [read_person(path, engine) for path in (args.input, *args.person)]
        layout = people[0][0]
        rows: list[Any] = []
        told = []
        for portrait, photo in people if len(people) == 1 else people[1:]:
            face = drawing.draw(portrait)
            shown = (photo, face.frame) if photo is not None else (face.pixels, face.frame)
            embedding = net.embed([shown[0]], [shown[1]])[0]
            made = []
            for number in range(args.count):
                features = facefeat.draw(embedding, np.random.default_rng([args.seed, number]))
                made.append(drawing.draw(facefeat.rendered(layout, embedding, features)))
            apart = distance(net.embed([m.pixels for m in made], [m.frame for m in made]), embedding)
            told.append(" ".join(f"{value:.2f}" for value in apart))
            rows += [shown[0], *(m.pixels for m in made)]
        write_picture(args.output, sheet(rows, args.count + 1))
    print(args.output)
    for line in told:
        print("distance to the person:", line)
    return 0

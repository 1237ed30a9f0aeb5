"""`faceeditor import-generator` and `generate`: generators that the user brings."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from faceeditor.cli.arguments import count, seed, truncation
from faceeditor.errors import FaceEditorError

if TYPE_CHECKING:
    from faceeditor.generators.imported.generator import Picture


def declare_import(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `import-generator`."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="FILE.pkl | FOLDER",
        help="pickle of stylegan2-ada-pytorch or stylegan3, or folder of GAN-Control (args.json and checkpoint)",
    )
    parser.add_argument("-o", "--name", metavar="NAME", help="name of the model (default: from the file's name)")
    parser.add_argument("--replace", action="store_true", help="replace a generator of the same name")
    parser.add_argument("--half", action="store_true", help="store the weights in half the space (16 bits)")
    parser.add_argument("--folder", type=Path, help="folder of the imported generators (default: the user's)")
    parser.set_defaults(run=run_import)


def run_import(args: argparse.Namespace) -> int:
    """Convert a checkpoint to a model pack and say where it is."""
    from tqdm import tqdm

    from faceeditor.generators.imported.importing import import_generator
    from faceeditor.generators.imported.installed import suggested_name

    name = args.name or suggested_name(args.source)
    with tqdm(total=100, bar_format="{desc:28}{bar} {percentage:3.0f} %", leave=False) as bar:

        def step(share: float, text: str) -> None:
            bar.set_description_str(text, refresh=False)
            bar.n = round(100 * share)
            bar.refresh()

        pack = import_generator(args.source, name, args.folder, args.replace, args.half, step)
    print(f"{pack.folder}: {pack.config['architecture']}, {pack.config['synthesis']['resolution']} pixels")
    print("Its licence is unknown: ask whoever made it before you publish its pictures.")
    return 0


def declare_generate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `generate`."""
    parser.add_argument("name", help="name of an imported generator")
    parser.add_argument("-o", "--output", type=Path, required=True, help="picture to write (several: numbered)")
    parser.add_argument("--seed", type=seed, default=0, help="seed of the first face (default: 0)")
    parser.add_argument("--count", type=count, default=1, help="how many faces, seeds in a row (default: 1)")
    parser.add_argument("--truncation", type=truncation, default=1.0, help="0 is the average face (default: 1)")
    parser.add_argument("--label", type=int, default=0, help="class, for generators with labels (default: 0)")
    parser.add_argument("--control", type=_control, action="append", default=[], metavar="NAME=VALUES", help="set an "
                        "attribute by a controller of GAN-Control, as age=45 or orientation=20,0,0; may be repeated; "
                        "the generator's card lists them")  # fmt: skip
    parser.add_argument("--walk-to", type=seed, metavar="SEED", help="draw the way to another seed in COUNT steps")
    parser.add_argument("--same-person", action="store_true", help="draw the seed's person COUNT times (ExFaceGAN)")
    parser.add_argument("--identity-walk", action="store_true", help="draw the way across that person's boundary")
    parser.add_argument("--variety", type=float, default=2.0, help="how far from the person, 0 to 10 (default: 2)")
    parser.add_argument("--pool", type=int, default=1000, help="people to learn the boundary from (default: 1000)")
    parser.add_argument("--grid", action="store_true", help="one sheet of all faces")
    parser.add_argument("--folder", type=Path, help="folder of the imported generators (default: the user's)")
    parser.set_defaults(run=run_generate)


def _control(text: str) -> tuple[str, tuple[float, ...]]:
    name, sign, values = text.partition("=")
    try:
        if sign and name:
            return name, tuple(float(value) for value in values.split(","))
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"“{text}” is no NAME=NUMBER,NUMBER ...")


def run_generate(args: argparse.Namespace) -> int:
    """Draw faces of an imported generator into files."""
    from tqdm import tqdm

    from faceeditor.export import format_of, sheet, write_picture

    format_of(args.output)
    if sum((args.walk_to is not None, args.same_person, args.identity_walk)) > 1:
        raise FaceEditorError("Choose one of --walk-to, --same-person and --identity-walk.")
    if args.control and (args.same_person or args.identity_walk):
        raise FaceEditorError("--control does not go with --same-person and --identity-walk; leave one of them out.")
    drawn = _one_person(args) if args.same_person or args.identity_walk else _recipes(args)
    pictures = list(tqdm(drawn, total=args.count, unit="face", disable=args.count < 2))
    if args.grid:
        pictures = [sheet(pictures)]
    for index, picture in enumerate(pictures, 1):
        numbered = args.output.with_stem(f"{args.output.stem}-{index:0{len(str(len(pictures)))}}")
        path = args.output if len(pictures) == 1 else numbered
        write_picture(path, picture)
        print(path)
    return 0


def _recipes(args: argparse.Namespace) -> "Iterator[Picture]":
    """Faces of seeds in a row, or of a walk between two seeds."""
    from faceeditor.generators.imported.generator import open_installed
    from faceeditor.generators.imported.recipe import Recipe

    if args.walk_to is not None and args.count < 2:
        raise FaceEditorError("A walk needs at least two faces; say --count 8.")
    generator = open_installed(args.name, args.folder)
    controls = tuple(args.control)
    for index in range(args.count):
        if args.walk_to is None:
            recipe = Recipe(args.seed + index, args.truncation, args.label, controls=controls)
        else:
            share = index / (args.count - 1)
            recipe = Recipe(args.seed, args.truncation, args.label, args.walk_to, share=share, controls=controls)
        yield generator.draw(recipe.ws(generator))


def _one_person(args: argparse.Namespace) -> "Iterator[Picture]":
    """Faces of one person; prints the accuracy of the boundary and the distances."""
    from itertools import islice

    from faceeditor.cli.progress import step_line
    from faceeditor.generators.imported.generator import open_installed
    from faceeditor.identity import recogniser
    from faceeditor.identity.imported_space import ImportedSpace, SamePerson

    if not 0 <= args.variety <= 10:
        raise FaceEditorError(f"The variety {args.variety:g} is not within 0 to 10; choose another one.")
    space = ImportedSpace(open_installed(args.name, args.folder), args.truncation, args.label)
    person = SamePerson(space, recogniser.load(), space.latent_of(args.seed), args.pool, step_line)
    print(f"boundary: {person.boundary.accuracy:.1%} of the people kept out of it are on the right side")
    faces = person.walk(args.variety, args.count) if args.identity_walk else person.pictures(args.variety)
    for face in islice(faces, args.count):
        print(f"distance to the person: {face.distance:.2f}, {face.redraws} redraws")
        yield face.picture.pixels

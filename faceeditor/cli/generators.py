"""`faceeditor import-generator` and `generate`: generators that the user brings."""

import argparse
from pathlib import Path

from faceeditor.cli.arguments import count, seed, truncation
from faceeditor.errors import FaceEditorError


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

    from faceeditor.generators.imported.importing import import_generator, suggested_name

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
    parser.add_argument("--walk-to", type=seed, metavar="SEED", help="draw the way to another seed in COUNT steps")
    parser.add_argument("--grid", action="store_true", help="one sheet of all faces")
    parser.add_argument("--folder", type=Path, help="folder of the imported generators (default: the user's)")
    parser.set_defaults(run=run_generate)


def run_generate(args: argparse.Namespace) -> int:
    """Draw faces of an imported generator into files."""
    import numpy as np
    from tqdm import tqdm

    from faceeditor.export.picture import sheet, write_picture
    from faceeditor.generators.imported.generator import open_installed

    if args.walk_to is not None and args.count < 2:
        raise FaceEditorError("A walk needs at least two faces; say --count 8.")
    generator = open_installed(args.name, args.folder)
    if args.walk_to is None:
        latents = [generator.w(generator.z(args.seed + index), args.label) for index in range(args.count)]
    else:
        first, last = (generator.w(generator.z(number), args.label) for number in (args.seed, args.walk_to))
        latents = [first + share * (last - first) for share in np.linspace(0, 1, args.count)]
    pictures = [
        generator.draw(generator.ws(w, args.truncation)) for w in tqdm(latents, unit="face", disable=len(latents) < 2)
    ]
    if args.grid:
        pictures = [sheet(pictures)]
    for index, picture in enumerate(pictures, 1):
        numbered = args.output.with_stem(f"{args.output.stem}-{index:0{len(str(len(pictures)))}}")
        path = args.output if len(pictures) == 1 else numbered
        write_picture(path, picture)
        print(path)
    return 0

"""`faceeditor identity`: pictures of one person, identity boundaries, data sets of people and their measurement."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceeditor.cli import arguments, attribute, facefeat
from faceeditor.cli.identity_data import declare_dataset
from faceeditor.cli.identity_measures import declare_evaluate, declare_train
from faceeditor.cli.progress import step_line

if TYPE_CHECKING:
    from faceeditor.engine.drawing import EngineRenderer
    from faceeditor.identity.boundary import Boundary
    from faceeditor.identity.pool import Pool
    from faceeditor.identity.spaces import PortraitSpace
    from faceeditor.identity.variation import Variation

_SPACES = ("person", "style", "code", "head")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    commands = parser.add_subparsers(title="identity commands", metavar="COMMAND", required=True)
    boundary = commands.add_parser("boundary", help="the identity boundary of a person (ExFaceGAN) and its accuracy")
    _add_person(boundary)
    _add_space(boundary)
    boundary.add_argument("-o", "--output", type=Path, help="write normal and offset (.safetensors)")
    boundary.add_argument("--json", action="store_true", help="print JSON")
    boundary.set_defaults(run=run_boundary)
    walk = commands.add_parser("walk", help="pictures along the normal of a person's identity boundary")
    _add_person(walk)
    _add_space(walk)
    walk.add_argument("-o", "--output", type=Path, required=True, help="sheet (.png, .jpg) or video (.mp4, .webp)")
    walk.add_argument("--frames", type=_frames, default=9, help="how many pictures, 2 to 500 (default: 9)")
    walk.add_argument("--reach", type=_reach, default=1.0, help="how far to each side, in spreads of the pool (1)")
    walk.set_defaults(run=run_walk)
    board = commands.add_parser("board", help="a sheet of pictures of one person")
    _add_person(board)
    _add_space(board)
    board.add_argument("-o", "--output", type=Path, required=True, help="sheet to write, or a folder with --folder")
    board.add_argument("--folder", action="store_true", help="write numbered pictures and board.csv into a folder")
    board.add_argument("--method", default="head", help="head, exfacegan, ... or mix (default: head)")
    board.add_argument("--rows", type=int, default=3, help="1 to 8 (default: 3)")
    board.add_argument("--columns", type=int, default=4, help="1 to 8 (default: 4)")
    board.add_argument("--variety", type=float, default=0.6, help="0 to 1 (default: 0.6)")
    board.add_argument("--likeness", type=float, default=0.5, help="largest distance to the person (default: 0.5)")
    board.add_argument("--lock", action="append", default=[], metavar="NAME", help="keep identity, skin, expression, "
                       "pose, light, hair or background; may be given several times")  # fmt: skip
    board.add_argument("--board-seed", type=arguments.seed, default=0, help="another one, another board (default: 0)")
    board.set_defaults(run=run_board)
    declare_evaluate(commands.add_parser("evaluate", help="verification figures of data sets of people"))
    declare_train(commands.add_parser("train-recogniser", help="train a small recogniser on a data set of people"))
    declare_dataset(commands.add_parser("dataset", help="make a data set of people who do not exist"))
    attribute.declare(commands)
    facefeat.declare(commands)


def _frames(text: str) -> int:
    value = int(text)
    if not 2 <= value <= 500:
        raise argparse.ArgumentTypeError(f"{value} is not within 2 to 500")
    return value


def _reach(text: str) -> float:
    value = float(text)
    if not 0 < value <= 10:
        raise argparse.ArgumentTypeError(f"{value:g} is not within 0 to 10")
    return value


def _pool_size(text: str) -> int:
    value = int(text)
    if not 20 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"{value} is not within 20 to 100000")
    return value


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", type=Path, nargs="?", help="portrait (.fep) or mask (PNG) of the person (default: the first sample)"
    )
    parser.add_argument("--seed", type=arguments.seed, help="take this random person's style")
    parser.add_argument("--identity-seed", type=arguments.seed, help="take this random person's head")
    arguments.add_device(parser)


def _add_space(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--space", choices=_SPACES, default="person", help="latent space (default: person)")
    parser.add_argument("--pool", type=_pool_size, default=1000, metavar="N", help="people of the pool, 5000 as "
                        "published (default: 1000); drawn once and kept")  # fmt: skip
    parser.add_argument("--pool-seed", type=arguments.seed, default=0, help="of the pool (default: 0)")
    parser.add_argument("--published", action="store_true", help="use the normal as the authors' code does, without "
                        "undoing the scaling of the latents")  # fmt: skip


def person_of(args: argparse.Namespace, renderer: "EngineRenderer") -> "Variation":
    """The person that the arguments name, with a head.

    Raises:
        FaceEditorError: the file cannot be used.
    """
    import numpy as np

    from faceeditor.generators.style_prior import FIRST_SEED, StylePrior
    from faceeditor.identity.people import person_on_mask
    from faceeditor.identity.variation import Variation
    from faceeditor.portrait.masks import read_mask, sample_masks

    style = StylePrior.load().draw(args.seed if args.seed is not None else FIRST_SEED)
    if args.input is not None and args.input.suffix.lower() == ".fep":
        from faceeditor.portrait import store

        portrait = store.load(args.input)
        style = style if args.seed is not None else portrait.style
        person = Variation(portrait.mask, style, portrait.head, portrait.base_head, portrait.truncation)
        if person.head is None:
            person = replace(person_on_mask(person.mask, style, renderer), truncation=portrait.truncation)
    else:
        mask = read_mask(args.input)[0] if args.input is not None else sample_masks()[0].read()
        person = person_on_mask(mask, style, renderer)
    if args.identity_seed is not None:
        from faceeditor.generators.head_prior import HeadPrior

        assert person.head is not None
        random = np.random.default_rng(args.identity_seed)
        drawn = HeadPrior.load().draw("identity", random, person.head)
        person = person.with_head(replace(drawn, rig=person.head.rig))
    return person


def _boundary(
    args: argparse.Namespace, renderer: "EngineRenderer"
) -> "tuple[PortraitSpace, Pool, Boundary, Any, Variation]":
    """Space, pool, boundary and latent of the person that the arguments name."""
    from faceeditor.identity import recogniser
    from faceeditor.identity.boundary import boundary_of
    from faceeditor.identity.exfacegan import reference_of
    from faceeditor.identity.methods import MethodContext, people_pool

    net = recogniser.load()
    person = person_of(args, renderer)
    space, pool = people_pool(MethodContext(renderer, net, args.space, args.pool, args.pool_seed, step=step_line))
    latent = space.latent_of(person)
    _, embedding = reference_of(space, net, latent)
    found = boundary_of(pool.latents, pool.embeddings, embedding, published=args.published)
    return space, pool, found, latent, person


def run_boundary(args: argparse.Namespace) -> int:
    """Work a boundary out and print its accuracy."""
    from faceeditor.engine.drawing import EngineRenderer

    with EngineRenderer(args.device) as renderer:
        space, pool, found, latent, _ = _boundary(args, renderer)
    facts = {
        "space": space.name,
        "dimension": space.dimension,
        "pool": len(pool),
        "spread": round(pool.spread, 4),
        "accuracy on the kept-out 30 %": round(found.accuracy, 4),
        "accuracy on the trained 70 %": round(found.trained_accuracy, 4),
        "side of the person": round(float(found.side(latent)), 4),
    }
    if args.output is not None:
        import numpy as np
        from safetensors.numpy import save

        from faceeditor.images import write_atomic

        arrays = {"normal": found.normal, "offset": np.array([found.offset], np.float32), "latent": latent}
        write_atomic(args.output, save(arrays))
    if args.json:
        print(json.dumps(facts, indent=2))
    else:
        width = max(map(len, facts))
        print("\n".join(f"{name:{width}}  {value}" for name, value in facts.items()))
    return 0


def run_walk(args: argparse.Namespace) -> int:
    """Draw a walk; prints the distance of every picture to the person."""
    from faceeditor.engine.drawing import EngineRenderer
    from faceeditor.export import format_of, sheet, write_picture
    from faceeditor.identity import recogniser
    from faceeditor.identity.exfacegan import walk

    video = args.output.suffix.lower() in (".mp4", ".webp")
    if not video:
        format_of(args.output)
    with EngineRenderer(args.device) as renderer:
        space, pool, found, latent, person = _boundary(args, renderer)
        steps = walk(latent, found, args.reach * pool.spread, args.frames)
        drawn = [renderer.draw(space.moved(person, each, latent)) for each in steps]
        start = renderer.draw(person)
    vectors = recogniser.load().embed([d.pixels for d in (start, *drawn)], [d.frame for d in (start, *drawn)])
    apart = recogniser.distance(vectors[1:], vectors[0])
    if video:
        from faceeditor.export.video import write_video

        write_video(args.output, (d.pixels for d in drawn), 25, len(drawn), lambda *_: None)
    else:
        write_picture(args.output, sheet([d.pixels for d in drawn], min(9, len(drawn))))
    print(args.output)
    print("distance to the person:", " ".join(f"{value:.2f}" for value in apart))
    return 0


def run_board(args: argparse.Namespace) -> int:
    """Draw a board into a sheet or a folder."""
    from faceeditor.engine.drawing import EngineRenderer
    from faceeditor.export import format_of
    from faceeditor.identity import recogniser
    from faceeditor.identity.board import MIX, BoardOptions, draw_tile, pinned
    from faceeditor.identity.board_files import write_folder, write_sheet
    from faceeditor.identity.methods import METHODS, MethodContext, open_methods

    options = BoardOptions(
        args.method, args.variety, args.likeness, frozenset(args.lock), args.rows, args.columns, args.board_seed
    )
    if not args.folder:
        format_of(args.output)
    names = list(METHODS) if args.method == MIX else [args.method]
    net = recogniser.load()
    with EngineRenderer(args.device) as renderer:
        context = MethodContext(
            renderer, net, args.space, args.pool, args.pool_seed, args.published, step_line, centred=True
        )
        methods = open_methods(names, context)
        reference = pinned(person_of(args, renderer), renderer, net)
        tiles = []
        for index in range(options.count):
            step_line(index / options.count, f"Tile {index + 1} of {options.count}")
            tiles.append(draw_tile(reference, options, index, 0, methods, renderer, net))
    step_line(1.0, "")
    if args.folder:
        write_folder(args.output, reference, tiles)
    else:
        write_sheet(args.output, reference, tiles, options.columns)
    print(args.output)
    far = sum(not tile.alike for tile in tiles)
    redrawn = sum(tile.tries - 1 for tile in tiles)
    print(f"{len(tiles)} pictures, {redrawn} drawn anew, {far} beyond {options.likeness:g}")
    return 0

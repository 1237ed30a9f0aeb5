"""`faceeditor identity dataset`: make a data set of people, here, in several processes or on a Ray cluster."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from faceeditor.cli import arguments
from faceeditor.errors import FaceEditorError

if TYPE_CHECKING:
    from faceeditor.identity.dataset import Plan


def declare_dataset(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `identity dataset`."""
    parser.add_argument("--people", type=int, required=True, metavar="N", help="how many people in the end")
    parser.add_argument("--each", type=int, required=True, metavar="N", help="pictures of each person")
    parser.add_argument("--method", help="head, exfacegan, facefeat or mix (default: head; exfacegan with --generator "
                        "or --both-sides)")  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder; what is there goes on")
    parser.add_argument("--seed", type=arguments.seed, default=0, help="person P is drawn from (seed, P) (default: 0)")
    parser.add_argument("--variety", type=float, help="0 to 1 (default: 0.8); with --generator 0 to 10 (default: 2)")
    parser.add_argument("--likeness", type=float, default=0.6, help="largest distance to the person (default: 0.6)")
    parser.add_argument("--both-sides", action="store_true", help="ExFaceGAN: the far side of each boundary counts as "
                        "a second identity; every second person is one")  # fmt: skip
    parser.add_argument("--pool", type=int, default=1000, metavar="N", help="people of ExFaceGAN's pool (1000)")
    parser.add_argument("--space", choices=("person", "style", "code", "head"), default="person",
                        help="ExFaceGAN's latent space (default: person)")  # fmt: skip
    parser.add_argument("--published", action="store_true", help="ExFaceGAN's normal as the authors' code uses it")
    imported = parser.add_argument_group("imported generator")
    imported.add_argument("--generator", default="", metavar="NAME", help="draw people in the latent space W of this "
                          "imported generator (see import-generator)")  # fmt: skip
    imported.add_argument("--truncation", type=arguments.truncation, default=1.0, help="of references and pool, 0 is "
                          "the average face (default: 1)")  # fmt: skip
    imported.add_argument("--label", type=int, default=0, help="class, for generators with labels (default: 0)")
    where = parser.add_argument_group("where")
    where.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")
    where.add_argument("--ray", nargs="?", const="", metavar="ADDRESS", help="on the Ray cluster at host:port or auto; "
                       "without an address on one of this machine alone")  # fmt: skip
    arguments.add_device(parser)
    parser.set_defaults(run=run_dataset)


def run_dataset(args: argparse.Namespace) -> int:
    """Make what is missing of a data set."""
    from tqdm import tqdm

    from faceeditor.identity import dataset

    if args.workers is not None and not 1 <= args.workers <= 256:
        raise FaceEditorError(f"{args.workers} workers cannot be started; choose 1 to 256.")
    plan = _plan(args)
    missing = dataset.missing_shards(args.out, plan)
    if args.ray is None:
        dataset.clean(args.out)
    bar = tqdm(total=plan.shards, initial=plan.shards - len(missing), desc="people", unit=f"x{dataset.SHARD_PEOPLE}")

    def done(count: int) -> None:
        bar.update(plan.shards - len(missing) + count - bar.n)

    try:
        if missing:
            _make(args, plan, missing, done)
    finally:
        bar.close()
        # A run that was stopped leaves a data set that is whole as far as it goes.
        pictures = dataset.write_index(args.out)
    print(f"{args.out}: {pictures} pictures of {pictures // plan.each} people")
    return 0


def _make(args: argparse.Namespace, plan: "Plan", missing: list[int], done: Callable[[int], None]) -> None:
    from faceeditor.engine.studio import open_studio
    from faceeditor.generators.devices import cpu_cores
    from faceeditor.identity import workers

    if args.ray is not None:
        from faceeditor.identity.cluster import make_on_ray

        make_on_ray(plan, args.out, missing, open_studio, args.ray, done)
        return
    count = min(args.workers or cpu_cores(), len(missing))
    if count == 1:
        workers.make_here(plan, args.out, missing, open_studio, done)
    else:
        workers.make_in_processes(plan, args.out, missing, open_studio, count, done)


def _plan(args: argparse.Namespace) -> "Plan":
    """Open the data set's folder; the heads of the base portraits and the pool are made here, once for all workers."""
    from faceeditor.cli.progress import step_line
    from faceeditor.engine.drawing import EngineRenderer
    from faceeditor.engine.studio import open_studio
    from faceeditor.generators.style_prior import PACK, StylePrior
    from faceeditor.identity.board import MIX, BoardOptions
    from faceeditor.identity.dataset import BOUNDARY_METHOD, LISTING, Plan, open_folder, read_listing
    from faceeditor.identity.methods import METHODS
    from faceeditor.identity.shards import base_portraits
    from faceeditor.packs import ModelPack

    method = args.method or (BOUNDARY_METHOD if args.generator or args.both_sides else "head")
    if method not in (*METHODS, MIX):
        raise FaceEditorError(f"There is no method “{method}”; choose from {', '.join([*METHODS, MIX])}.")
    variety = args.variety if args.variety is not None else 2.0 if args.generator else 0.8
    # Refuse what is out of range before anything is drawn.
    BoardOptions(method, min(variety, 1.0) if args.generator else variety, args.likeness)
    plan = Plan(args.people, args.each, method, args.seed, variety, args.likeness, args.space, args.pool,
                args.published, args.device, both_sides=args.both_sides, generator=args.generator)  # fmt: skip
    if args.generator:
        return _plan_of_generator(args, plan)
    known = read_listing(args.out) if (args.out / LISTING).is_file() else None
    device = args.device
    with EngineRenderer("auto" if device == "auto" and known is None else device) as renderer:
        if device == "auto":
            device = str(known["device"]) if known is not None else renderer.device
        plan = replace(plan, device=device, model=ModelPack.open(PACK).key)
        bases = base_portraits(renderer, StylePrior.load()) if known is None else []
    open_folder(args.out, plan, bases)
    if plan.method != "head":
        open_studio(plan, args.out, step_line).close()  # fills the pool, which lies in the folder
    return plan


def _plan_of_generator(args: argparse.Namespace, plan: "Plan") -> "Plan":
    """Open the folder of a data set of an imported generator, whose pool is drawn here, once for all workers."""
    from faceeditor.cli.progress import step_line
    from faceeditor.engine.studio import open_studio
    from faceeditor.generators.imported.generator import open_installed
    from faceeditor.identity.dataset import open_folder

    generator = open_installed(args.generator)
    generator.w(generator.z(0), args.label)  # refuses a label that there is not
    device = generator.device.type
    if args.device not in ("auto", device, f"torch-{device}"):
        raise FaceEditorError(f"“{args.generator}” is drawn on {device} here; leave --device out.")
    plan = replace(plan, device=device, model=generator.key, space="w", truncation=args.truncation, label=args.label)
    open_folder(args.out, plan)
    open_studio(plan, args.out, step_line).close()
    return plan

"""`faceeditor identity evaluate` and `train-recogniser`."""

import argparse
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceeditor.errors import FaceEditorError

if TYPE_CHECKING:
    from faceeditor.nets.mobile_face import MobileFace


def declare_evaluate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `identity evaluate`."""
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="data sets made by identity dataset")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the DET curves (.png)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--independent", action="store_true", help="look at some pictures with networks that helped to "
                        "make none of them, too (needs the extra [train])")  # fmt: skip
    parser.add_argument("--photographs", type=Path, metavar="DIR", help="face data set whose kept-out photographs KID "
                        "compares with")  # fmt: skip
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Print the verification figures of data sets side by side."""
    from faceeditor.export import format_of, write_picture
    from faceeditor.identity.dataset import read_listing
    from faceeditor.identity.det_plot import det_plot
    from faceeditor.identity.verification import curve, evaluation, load_people, names_of, pair_distances, side_figures
    from faceeditor.images import write_atomic

    if args.plot is not None:
        format_of(args.plot)
    names = names_of(args.folders)
    if len(set(names)) < len(names):
        raise FaceEditorError("The same data set is named twice; name each once.")
    sets = [load_people(folder) for folder in args.folders]
    found = {name: evaluation(people) for name, people in zip(names, sets, strict=True)}
    for name, folder, people in zip(names, args.folders, sets, strict=True):
        if read_listing(folder).get("both_sides"):
            found[name] |= side_figures(people)
    if args.independent or args.photographs is not None:
        from faceeditor.cli.progress import step_line
        from faceeditor.evaluation.people import independent_figures

        for name, people in zip(names, sets, strict=True):
            found[name] |= independent_figures(people, args.photographs, step=step_line)
    rows = list(dict.fromkeys(row for name in names for row in found[name]))
    width = max(map(len, rows))
    print(" " * width + "".join(f"  {name:>24}" for name in names))
    for row in rows:
        print(f"{row:{width}}" + "".join(f"  {_number(found[name].get(row)):>24}" for name in names))
    if args.plot is not None:
        pairs = {name: pair_distances(s.embeddings, s.persons) for name, s in zip(names, sets, strict=True)}
        write_picture(args.plot, det_plot({name: curve(*pair) for name, pair in pairs.items()}))
        print(args.plot)
    if args.json is not None:
        write_atomic(args.json, (json.dumps(found, indent=2) + "\n").encode("utf-8"))
    return 0


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() and value > 1 else f"{value:.4f}"


def declare_train(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `identity train-recogniser`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="data set made by identity dataset")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where state and weights go")
    parser.add_argument("--epochs", type=int, default=12, help="passes over the pictures (default: 12)")
    parser.add_argument("--batch", type=int, default=64, help="pictures of a step (default: 64)")
    parser.add_argument("--rate", type=float, default=0.1, help="largest learning rate (default: 0.1)")
    parser.add_argument(
        "--width",
        type=float,
        default=1.0,
        help="factor on the channels (default: 1, MobileFaceNet "
        "as published, 1.0 M numbers; 0.25 with --side 48 for a trial on one processor)",
    )
    parser.add_argument("--side", type=int, default=112, help="of the crops (default: 112, as published)")
    parser.add_argument("--seed", type=int, default=0, help="of the training (default: 0)")
    parser.add_argument("--no-control", action="store_true", help="leave out the training on shuffled labels")
    parser.add_argument("--photographs", type=Path, metavar="DIR", help="try it on photographs, too, one a person, "
                        "against themselves with changed heads: a folder of them, or a face data set (its kept-out "
                        "ones); 100 at most")  # fmt: skip
    parser.set_defaults(run=run_train)


def run_train(args: argparse.Namespace) -> int:
    """Train a recogniser, and its control, and print their verification figures on people whom they never saw."""
    from dataclasses import replace

    from faceeditor.identity import recogniser_training as training
    from faceeditor.identity.verification import load_people
    from faceeditor.images import write_atomic
    from faceeditor.nets.mobile_face import MobileFace

    options = training.TrainingOptions(args.epochs, args.batch, args.rate, args.width, args.side, args.seed)
    if args.photographs is not None:  # refused before hours of training
        from faceeditor.evaluation.photo_people import photographs_of

        photographs_of(args.photographs)
    seen, unseen = training.split_people(load_people(args.folder))
    training.begin_processes()
    try:
        nets = {"untrained": MobileFace(width=args.width, side=args.side)}
        runs = {"trained": options} | ({} if args.no_control else {"shuffled labels": replace(options, shuffled=True)})
        for name, how in runs.items():
            trainer = training.Trainer(seen, how, args.output, functools.partial(print, f"{name}:"))
            nets[name] = trainer.run()
        if trainer.rank:
            return 0
    finally:
        training.end_processes()
    _write_weights(args.output, nets["trained"], args)
    chips = [training.read_chip(*pair, args.side) for pair in zip(unseen.paths, unseen.frames, strict=True)]
    sets = {"kept-out people": (chips, unseen.persons)}
    sets |= _strangers(args)
    report = {name: {what: _verified(net, *pairs) for what, pairs in sets.items()} for name, net in nets.items()}
    for what in sets:
        print(what)
        for name in nets:
            facts = report[name][what]
            print(f"  {name:16} accuracy {facts['accuracy']:.4f}  EER {facts['EER']:.4f}  d' {facts['dprime']:.2f}")
    write_atomic(args.output / "report.json", (json.dumps(report, indent=2) + "\n").encode("utf-8"))
    return 0


def _verified(net: "MobileFace", chips: list[Any], persons: Any) -> dict[str, float]:
    from faceeditor.identity.recogniser_training import embeddings_of
    from faceeditor.identity.verification import best_accuracy, figures, pair_distances

    pairs = pair_distances(embeddings_of(net, chips), persons)
    found = figures(*pairs)
    return {"accuracy": best_accuracy(*pairs), "EER": found["EER"], "FMR100": found["FMR100"], "dprime": found["d'"]}


def _strangers(args: argparse.Namespace) -> dict[str, tuple[list[Any], Any]]:
    """Crops and persons of renderings, and of photographs where a folder is named."""
    from faceeditor.identity.recogniser_training import chip_of
    from faceeditor.identity.strangers import rendered_people

    found = {"renderings": rendered_people(60, 4)}
    if args.photographs is not None:
        from faceeditor.evaluation.photo_people import photographed_people

        found["photographs with changed heads"] = photographed_people(args.photographs, 4, print)
    return {n: ([chip_of(p.pixels, p.frame, args.side) for p in s.pictures], s.persons) for n, s in found.items()}


def _write_weights(folder: Path, net: "MobileFace", args: argparse.Namespace) -> None:
    """Write the trained network as a model pack with a card."""
    import numpy as np

    from faceeditor.images import write_atomic
    from faceeditor.packs import write_pack

    arrays = {name: np.asarray(value.cpu().numpy()) for name, value in net.state_dict().items()}
    arrays = {name: value for name, value in arrays.items() if value.dtype.kind == "f"}
    config = {"dimensions": 128, "width": args.width, "side": args.side}
    write_pack(folder, "recogniser-small", "recogniser-mobile", "1", {"weights.safetensors": arrays}, config)
    card = (
        "# recogniser-small\n\nMobileFaceNet (Chen et al., 2018) with CosFace (s 64, m 0.35), trained by `faceeditor "
        f"identity train-recogniser` on “{args.folder.name}”, people who do not exist: {args.epochs} epochs, batch "
        f"{args.batch}, seed {args.seed}. Figures: `report.json`. Not for recognising real people.\n"
    )
    write_atomic(folder / "recogniser-small" / "card.md", card.encode("utf-8"))

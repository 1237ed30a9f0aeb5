"""`faceeditor dataset`: check a face data set, or render one from random heads."""

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

from faceeditor.errors import FaceEditorError
from faceeditor.jsonio import JsonError, read_json

_LISTING = "dataset.json"
_MAPS_SIZE = 128
_QUALITY = 95
_COLUMNS = ("id", "split_group", "yaw", "pitch", "roll", "hair", "flags")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "folder",
        metavar="FOLDER | render",
        help="folder of a face data set (index.csv, images, labels) to check, or the word render",
    )
    made = parser.add_argument_group("dataset render: pictures of random heads with masks, maps and coefficients")
    made.add_argument("--count", type=int, metavar="N", help="how many pictures the data set has in the end")
    made.add_argument("--out", type=Path, metavar="FOLDER", help="where to put it; what is there already goes on")
    made.add_argument("--seed", type=int, default=0, help="picture I is drawn from (seed, I) (default: 0)")
    made.add_argument("--size", type=int, default=256, help="side of the pictures, 64 to 1024 (default: 256)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check or render a data set."""
    if args.folder != "render":
        return _check(Path(args.folder))
    if args.count is None or args.out is None:
        raise FaceEditorError("Say how many pictures and where: faceeditor dataset render --count N --out FOLDER.")
    if not 1 <= args.count <= 10_000_000:
        raise FaceEditorError(f"{args.count} pictures cannot be rendered; choose 1 to 10,000,000.")
    if not 64 <= args.size <= 1024:
        raise FaceEditorError(f"Pictures of side {args.size} cannot be rendered; choose 64 to 1024.")
    if args.seed < 0:
        raise FaceEditorError(f"{args.seed} is negative; a seed is a whole number from 0 up.")
    return _render(args.out, args.count, args.seed, args.size)


def _check(folder: Path) -> int:
    """Read a whole data set and print how many faces it has and which regions they show."""
    import numpy as np

    from faceeditor.regions import REGION_COUNT, REGION_NAMES
    from faceeditor.training.data import load_faces

    shown = np.zeros(REGION_COUNT)
    total = 0
    for part in ("train", "kept-out"):
        faces = load_faces(folder, part, may_be_empty=True)
        print(f"{part:10} {len(faces):6} faces")
        shown += [sum(bool((mask == region).any()) for mask in faces.masks) for region in range(REGION_COUNT)]
        total += len(faces)
    if not total:
        raise FaceEditorError(f"index.csv in {folder} names no faces; render some, or copy the data set again.")
    for region in range(REGION_COUNT):
        print(f"{REGION_NAMES[region]:12} in {shown[region] / max(1, total):6.1%} of the faces")
    return 0


def _render(folder: Path, count: int, seed: int, size: int) -> int:
    """Render what is missing; a picture counts as done once its coefficients are written, which is last."""
    from tqdm import tqdm

    from faceeditor.head.model import HeadModel

    model = HeadModel.load()
    _open(folder, {"format": 1, "seed": seed, "size": size, "maps": _MAPS_SIZE, "head": model.version})
    missing = [number for number in range(count) if not (folder / "heads" / f"{number:06}.json").is_file()]
    try:
        for number in tqdm(missing, total=count, initial=count - len(missing), desc="rendering", unit="picture"):
            _render_one(model, folder, number, seed, size)
    finally:
        # A run that was stopped leaves a data set that is whole as far as it goes.
        done = _write_index(folder, seed)
    print(f"{folder}: {done} pictures")
    return 0


def _open(folder: Path, wanted: dict[str, Any]) -> None:
    """Make the folder, or make sure that what it holds was rendered in the same way.

    Raises:
        FaceEditorError: it holds something else, or cannot be written.
    """
    from faceeditor.images import write_atomic

    listing = folder / _LISTING
    try:
        if listing.is_file():
            found = read_json(listing.read_bytes())
            if found != wanted:
                differing = [name for name in wanted if not isinstance(found, dict) or found.get(name) != wanted[name]]
                raise FaceEditorError(
                    f"“{folder}” was rendered with another {differing[0] if differing else 'version'};"
                    " choose another folder, or the same values to go on."
                )
            return
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FaceEditorError(f"“{folder}” holds other files; choose an empty or a new folder.")
        for part in ("images", "labels", "maps", "heads"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    except (OSError, JsonError) as error:
        raise FaceEditorError(f"“{folder}” cannot be used ({error}); choose another folder.") from error
    write_atomic(listing, (json.dumps(wanted, indent=2) + "\n").encode("utf-8"))


def _render_one(model: Any, folder: Path, number: int, seed: int, size: int) -> None:
    """Write picture, mask, maps and coefficients of one random head."""
    import cv2
    import numpy as np

    from faceeditor.head.render import render_scene
    from faceeditor.head.samples import sample_head, sample_look
    from faceeditor.images import write_atomic

    random = np.random.default_rng([seed, number])
    head, look = sample_head(random), sample_look(random, model)
    scene = render_scene(model, head, look, size, 2, _MAPS_SIZE)
    name = f"{number:06}"
    picture = cv2.cvtColor(scene.picture, cv2.COLOR_RGB2BGR)
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    write_atomic(folder / "images" / f"{name}.jpg", cv2.imencode(".jpg", picture, settings)[1].tobytes())
    write_atomic(folder / "labels" / f"{name}.png", cv2.imencode(".png", scene.regions)[1].tobytes())
    maps = io.BytesIO()
    np.savez_compressed(maps, condition=scene.maps.condition.astype(np.float16), regions=scene.maps.regions)
    write_atomic(folder / "maps" / f"{name}.npz", maps.getvalue())
    facts = {"head": head.to_json(), "hair": look.hair, "hair_colour": look.hair_colour}
    write_atomic(folder / "heads" / f"{name}.json", (json.dumps(facts) + "\n").encode("utf-8"))


def _write_index(folder: Path, seed: int) -> int:
    """Write index.csv of all whole pictures, in the form of the photographs' data set; returns their number."""
    from faceeditor.images import write_atomic

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    done = sorted((folder / "heads").glob("*.json"))
    for path in done:
        facts = read_json(path.read_bytes())
        yaw, pitch, roll = facts["head"]["pose"]
        group = f"rendered-{seed}-{path.stem}"
        writer.writerow(
            [path.stem, group, f"{yaw:.1f}", f"{pitch:.1f}", f"{roll:.1f}", facts["hair"] or "none", "rendered"]
        )
    write_atomic(folder / "index.csv", text.getvalue().encode("utf-8"))
    return len(done)

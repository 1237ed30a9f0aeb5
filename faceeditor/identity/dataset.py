"""Data sets of people who do not exist: what they are made of, their folders, and what is still missing.

A data set is made in shards of a few people. A shard is written beside its place and renamed into it when it is whole,
so that a run may end at any moment: what is there is complete, and the next run makes the rest. Person P and picture K
depend on (seed, P, K) alone, never on who draws them.

    dataset.json            the plan
    shards/00000/           people 0..9
        000000-00.jpg       person 0, picture 0 (the reference)
        shard.csv           a row for each picture
        vectors.safetensors embeddings (N, 128), frames (N, 2, 3)
    index.csv               the rows of all shards
"""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from faceeditor.errors import FaceEditorError
from faceeditor.images import write_atomic
from faceeditor.jsonio import JsonError, read_json

FORMAT = 1
LISTING, INDEX, SHARDS, POOLS = "dataset.json", "index.csv", "shards", "pools"
TABLE, VECTORS = "shard.csv", "vectors.safetensors"
SHARD_PEOPLE = 10
"""People of a shard."""
MOST_PEOPLE, MOST_EACH, MOST_VARIETY = 1_000_000, 1000, 10.0
BOUNDARY_METHOD = "exfacegan"
"""The method that has an identity boundary."""
COLUMNS = ("file", "person", "picture", "method", "side", "distance", "tries", "alike", "yaw", "pitch", "roll", "mask")
_TEMPORARY = ".making-"


@dataclass(frozen=True)
class Plan:
    """What a data set is made of.

    Attributes:
        people, each: how many people, and pictures of each, the reference counted.
        method: name of a method (`methods.METHODS`), or `board.MIX`.
        seed: of everything.
        variety, likeness: as of `board.BoardOptions`; of an imported generator the variety goes to `MOST_VARIETY`.
        space, pool, published: of ExFaceGAN.
        device: the engine's device, or torch's ("cpu", "cuda") with an imported generator.
        model: key of the generator's pack; another one draws other pictures.
        generator: name of an imported generator whose W is walked in; "": the program's own generator.
        truncation, label: of the references and the pool of an imported generator.
        both_sides: the far side of each boundary counts as a second identity: person 2 I is on the similar side of
            reference I, person 2 I + 1 on the dissimilar side.

    Raises:
        FaceEditorError: a number out of range, or values that do not go together.
    """

    people: int
    each: int
    method: str = "head"
    seed: int = 0
    variety: float = 0.8
    likeness: float = 0.6
    space: str = "person"
    pool: int = 1000
    published: bool = False
    device: str = "openvino-cpu"
    model: str = ""
    generator: str = ""
    truncation: float = 1.0
    label: int = 0
    both_sides: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.people <= MOST_PEOPLE:
            raise FaceEditorError(f"A data set of {self.people} people cannot be made; choose 1 to {MOST_PEOPLE:,}.")
        if not 1 <= self.each <= MOST_EACH:
            raise FaceEditorError(f"{self.each} pictures of each person cannot be made; choose 1 to {MOST_EACH}.")
        if self.seed < 0:
            raise FaceEditorError(f"The seed {self.seed} is negative; choose a whole number from 0 up.")
        if self.generator and self.method != BOUNDARY_METHOD:
            raise FaceEditorError(f"An imported generator draws people by the method {BOUNDARY_METHOD} alone.")
        if self.generator and not 0 <= self.variety <= MOST_VARIETY:
            raise FaceEditorError(f"The variety {self.variety:g} is not within 0 to {MOST_VARIETY:g}.")
        if self.both_sides and self.method != BOUNDARY_METHOD:
            raise FaceEditorError(f"Only the method {BOUNDARY_METHOD} has two sides; choose it for both of them.")
        if self.both_sides and self.variety <= 0:
            raise FaceEditorError("Both sides are the same person at variety 0; choose more.")

    def reference_of(self, person: int) -> tuple[int, bool]:
        """Number of the reference that a person is drawn from, and whether on the far side of its boundary."""
        return (person // 2, person % 2 == 1) if self.both_sides else (person, False)

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.people // SHARD_PEOPLE)

    def people_of(self, shard: int) -> range:
        """Numbers of the people of a shard."""
        return range(shard * SHARD_PEOPLE, min(self.people, (shard + 1) * SHARD_PEOPLE))


def open_folder(folder: Path, plan: Plan, bases: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Make the folder of a data set, or make sure that what it holds has the same plan (more people are allowed).

    Args:
        folder: the data set's.
        plan: what it is made of.
        bases: plain values that all workers share; those that are there already stay.

    Returns:
        the content of dataset.json.

    Raises:
        FaceEditorError: the folder holds something else, or cannot be written.
    """
    listing = folder / LISTING
    content: dict[str, Any] = {"format": FORMAT, **asdict(plan), "bases": list(bases)}
    try:
        if listing.is_file():
            found = read_listing(folder)
            defaults = {field.name: field.default for field in fields(Plan)}  # of values younger than the folder
            for name, value in asdict(plan).items():
                old = found.get(name, defaults[name])
                if name != "people" and old != value:
                    raise FaceEditorError(
                        f"“{folder}” was made with another {name} ({old}, and not {value}); choose another folder, or "
                        "the same values to go on."
                    )
            content["bases"] = found.get("bases") or content["bases"]
            content["people"] = max(plan.people, int(found["people"]))
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FaceEditorError(f"“{folder}” holds other files; choose an empty or a new folder.")
        (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise FaceEditorError(f"“{folder}” cannot be used ({error}); choose another folder.") from error
    write_atomic(listing, (json.dumps(content, indent=1) + "\n").encode("utf-8"))
    return content


def read_listing(folder: Path) -> dict[str, Any]:
    """The content of a data set's dataset.json.

    Raises:
        FaceEditorError: there is none, or it is damaged.
    """
    listing = folder / LISTING
    try:
        found = read_json(listing.read_bytes())
        if isinstance(found, dict) and found.get("format") == FORMAT and isinstance(found.get("people"), int):
            return found
    except FileNotFoundError:
        raise FaceEditorError(
            f"“{folder}” is no data set of people (it has no {LISTING}); make one with faceeditor identity dataset."
        ) from None
    except (OSError, JsonError):
        pass
    raise FaceEditorError(f"“{listing}” is damaged; restore it, or make the data set in another folder.")


def missing_shards(folder: Path, plan: Plan) -> list[int]:
    """Numbers of the shards that are not there, or have fewer people than the plan gives them."""
    return [shard for shard in range(plan.shards) if not _is_whole(folder, plan, shard)]


def _is_whole(folder: Path, plan: Plan, shard: int) -> bool:
    try:
        with (shard_folder(folder, shard) / TABLE).open(newline="", encoding="utf-8") as file:
            return sum(1 for _ in csv.reader(file)) - 1 == len(plan.people_of(shard)) * plan.each
    except OSError:
        return False


def shard_folder(folder: Path, shard: int) -> Path:
    """Where a shard lies."""
    return folder / SHARDS / f"{shard:05}"


def clean(folder: Path) -> None:
    """Remove what runs left half-made; nobody else may be at work in the folder."""
    for left in (folder / SHARDS).glob(f"{_TEMPORARY}*"):
        shutil.rmtree(left, ignore_errors=True)


def write_shard(folder: Path, shard: int, files: Mapping[str, bytes], worker: str) -> None:
    """Write a shard's files beside its place, and rename them into it as a whole.

    A shard that somebody else has finished meanwhile stays as it is.

    Args:
        folder: the data set's.
        shard: its number.
        files: contents by name.
        worker: a name that no other worker has.

    Raises:
        FaceEditorError: the disk is full or cannot be written; nothing half-made stays.
    """
    making = folder / SHARDS / f"{_TEMPORARY}{shard:05}-{worker}"
    place = shard_folder(folder, shard)
    try:
        making.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomic(making / name, content)
        if place.exists() and not _same_table(place, files):
            shutil.rmtree(place)
        try:
            making.rename(place)
        except OSError:
            if not _same_table(place, files):
                raise
    except OSError as error:
        raise FaceEditorError(
            f"“{place}” cannot be written ({error.strerror or error}); mend that and run the same command again: "
            "what is there stays usable."
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _same_table(place: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return (place / TABLE).read_bytes() == files.get(TABLE)
    except OSError:
        return False


def table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A shard's or the whole data set's table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def read_rows(folder: Path) -> list[dict[str, str]]:
    """The rows of all whole shards, each with the path of its picture under "path"."""
    rows = []
    for place in sorted((folder / SHARDS).glob("[0-9]*")):
        try:
            with (place / TABLE).open(newline="", encoding="utf-8") as file:
                rows += [{**row, "path": str(place / row["file"])} for row in csv.DictReader(file)]
        except (OSError, KeyError):
            continue
    return rows


def write_index(folder: Path) -> int:
    """Write index.csv of what is there; returns the number of pictures."""
    rows = read_rows(folder)
    listed = [{name: row.get(name, "") for name in COLUMNS} for row in rows]
    for row, whole in zip(listed, rows, strict=True):
        row["file"] = Path(whole["path"]).relative_to(folder).as_posix()
    write_atomic(folder / INDEX, table(listed))
    return len(rows)

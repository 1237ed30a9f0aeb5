"""`python -m faceeditor.training.join_data --data FACES --data MORE --out JOINED`: several face data sets as one."""

import argparse
import csv
import shutil
import sys
from pathlib import Path

import numpy as np

from faceeditor.errors import FaceEditorError
from faceeditor.training.commands import run_command

FOLDERS = ("images", "labels", "images512")
"""What a data set may hold beside its index and landmarks, one file per picture."""


def join_data(folders: list[Path], out: Path) -> int:
    """Copy data sets of the form of `training.data` into one folder; columns that one lacks stay empty.

    Returns:
        The number of pictures.

    Raises:
        FaceEditorError: a folder is no data set, two hold the same id, or `out` exists and is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise FaceEditorError(f"{out} is not empty: choose another folder for the joined data set.")
    rows: list[dict[str, str]] = []
    columns: list[str] = []
    landmarks = []
    for folder in folders:
        try:
            with (folder / "index.csv").open(newline="") as file:
                reader = csv.DictReader(file)
                rows += list(reader)
                columns += [name for name in reader.fieldnames or () if name not in columns]
            landmarks.append(np.load(folder / "landmarks.npy"))
        except (OSError, ValueError) as error:
            raise FaceEditorError(f"{folder} is no face data set ({error}): point `--data` at one.") from error
    ids = [row["id"] for row in rows]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise FaceEditorError(f"Two of the data sets hold a picture {twice[0]}: rename one of them.")
    for name in FOLDERS:
        (out / name).mkdir(parents=True, exist_ok=True)
        for folder in folders:
            for path in sorted((folder / name).glob("*.*")):
                shutil.copyfile(path, out / name / path.name)
    np.save(out / "landmarks.npy", np.concatenate(landmarks))
    with (out / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="join_data", description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="a data set (several times)")
    parser.add_argument("--out", type=Path, required=True, help="the new folder")
    return run_command(parser, lambda given: f"{join_data(given.data, given.out)} pictures in {given.out}", arguments)


if __name__ == "__main__":
    sys.exit(main())

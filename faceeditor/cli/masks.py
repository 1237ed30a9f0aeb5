"""`faceeditor masks`: a folder of masks made by other programs, converted."""

import argparse
import sys
from pathlib import Path

from faceeditor.cli import arguments


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "folder",
        type=Path,
        help="folder of mask files, of the per-part files of CelebAMask-HQ, or with a folder “labels” (SEAN)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write the converted masks")
    arguments.add_labels(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Convert the masks of a folder; exits with 1 if one was refused."""
    from tqdm import tqdm

    from faceeditor.portrait.mask_folders import import_masks, masks_in

    done = refused = 0
    notes: dict[str, int] = {}
    files = masks_in(args.folder)
    with tqdm(total=len(files), desc="masks", unit="mask", disable=not sys.stderr.isatty()) as bar:
        for result in import_masks(args.folder, args.out, args.labels):
            bar.update()
            if result.target is None:
                refused += 1
                tqdm.write(f"faceeditor: {result.note}", file=sys.stderr)
                continue
            done += 1
            if result.note:
                notes[result.note] = notes.get(result.note, 0) + 1
    for note, count in sorted(notes.items(), key=lambda each: -each[1])[:5]:
        print(f"{note} ({count} masks)" if count > 1 else note, file=sys.stderr)
    print(f"{args.out}: {done} masks" + (f", {refused} refused" if refused else ""))
    return 1 if refused else 0

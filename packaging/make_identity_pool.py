"""Make the model pack `identity-pool`: vectors of random people, for the weights that the program carries now.

    python packaging/make_identity_pool.py [MODELS] [--people 1600]

MODELS is the folder to write into, by default the program's own. To be run after new weights of the generator, its
style prior or head prior; a minute on one core. Without it the program draws a pool in the background at the first use.
"""

import argparse
import sys
from pathlib import Path

from faceeditor.cli.progress import step_line
from faceeditor.engine.drawing import EngineRenderer
from faceeditor.errors import FaceEditorError
from faceeditor.identity import recogniser
from faceeditor.identity.methods import pool_portrait
from faceeditor.identity.pool import Pool, filled_pool
from faceeditor.identity.pool_pack import FILE, PACK, SEED, SPACE, packed, packed_pool
from faceeditor.identity.spaces import PortraitSpace
from faceeditor.packs import write_pack
from faceeditor.paths import models_dir


def main() -> int:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="?", default=models_dir())
    parser.add_argument("--people", type=int, default=1600)
    args = parser.parse_args()
    present = packed_pool()
    if present is not None and len(present.embeddings) >= args.people and args.models == models_dir():
        print("The pool fits to the weights already.")
        return 0
    with EngineRenderer("auto") as renderer:
        portrait = pool_portrait(renderer)
        space = PortraitSpace(SPACE, portrait, renderer)
        pool = filled_pool(space, recogniser.load(), args.people, SEED, step_line)
    step_line(1.0, "")
    assert portrait.base_head is not None
    arrays, config = packed(Pool(pool.latents, pool.embeddings), portrait.base_head)
    pack = write_pack(args.models, PACK, "identity-pool", "2026.11", {FILE: arrays}, config)
    print(f"{pack.folder}: {len(pool)} people, {pack.files[FILE].bytes:,} bytes")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FaceEditorError as error:
        print(error, file=sys.stderr)
        sys.exit(1)

"""Turn the published weights of dlib's face recogniser (CC0, as safetensors) into the model pack `recogniser`.

python packaging/convert_recogniser.py dlib_resnet.safetensors
"""

import argparse
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from faceeditor.nets.recogniser import Recogniser
from faceeditor.packs import write_pack
from faceeditor.paths import models_dir


def main() -> None:
    """Read the file named on the command line and write the pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="dlib_resnet.safetensors")
    parser.add_argument("--models", type=Path, default=models_dir(), help="models folder to write into")
    args = parser.parse_args()
    net = Recogniser.from_published(load_file(args.weights))
    arrays = {name: np.asarray(value.numpy()) for name, value in net.state_dict().items()}
    config = {"dimensions": 128, "threshold": 0.6}
    pack = write_pack(args.models, "recogniser", "recogniser", "1", {"weights.safetensors": arrays}, config)
    print(f"{pack.folder}: {sum(a.size for a in arrays.values()):,} numbers")


if __name__ == "__main__":
    main()

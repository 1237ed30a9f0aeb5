"""Turn the published weights of dlib's face detector (CC0, as safetensors) into the model pack `face-detector`.

python packaging/convert_face_detector.py mmod_human_face.safetensors
"""

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from faceeditor.packs import write_pack
from faceeditor.paths import models_dir

LAYERS = 7


def folded(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Fold the affine layer after each convolution into it: g (w x + b) + c = (g w) x + (g b + c)."""
    out = {}
    for layer in range(LAYERS):
        weight, bias = arrays[f"conv{layer}.weight"], arrays[f"conv{layer}.bias"]
        if f"affine{layer}.weight" in arrays:
            gain, shift = arrays[f"affine{layer}.weight"], arrays[f"affine{layer}.bias"]
            weight, bias = weight * gain[:, None, None, None], bias * gain + shift
        out[f"conv{layer}.weight"], out[f"conv{layer}.bias"] = weight, bias
    return out


def main() -> None:
    """Read the file named on the command line and write the pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="mmod_human_face.safetensors")
    parser.add_argument("--models", type=Path, default=models_dir(), help="models folder to write into")
    args = parser.parse_args()
    arrays = folded(load_file(args.weights))
    config = {"window": 80, "stride": 8, "first_centre": 14}
    pack = write_pack(args.models, "face-detector", "face-detector", "1", {"weights.safetensors": arrays}, config)
    print(f"{pack.folder}: {sum(a.size for a in arrays.values()):,} numbers")


if __name__ == "__main__":
    main()

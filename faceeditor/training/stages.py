"""What a step of the generator's training sees: stages, batches of photographs, and changed heads beside them."""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.regions import MIRROR, REGION_COUNT, MaskArray
from faceeditor.training.data import FaceSet, inverse_frames, mirrored_frame, reduced
from faceeditor.training.head_changes import ChangedFace
from faceeditor.training.run import to_float


@dataclass(frozen=True)
class Stage:
    """A part of the training: at this picture size until this many pictures were seen in all.

    With a window smaller than the size only that part of each picture is drawn, and the losses that need whole faces
    are left out; `also` then names a smaller size at which every other step is taken with whole pictures.
    """

    size: int
    until: int
    batch: int
    window: int
    also: int = 0
    heads: int = 0
    """Pictures with a changed head in each step with whole pictures."""
    pairs: int = 0
    """Rendered pairs in each such step."""

    def companion(self) -> "Stage | None":
        """The stage of the steps in between."""
        return dataclasses.replace(self, size=self.also, window=self.also, also=0) if self.also else None


def region_shares(mask: MaskArray, size: int) -> npt.NDArray[np.uint8]:
    """Share of each region in each pixel of a picture of this side, times 255: (19, size, size)."""
    planes = (mask[None] == np.arange(REGION_COUNT, dtype=np.uint8)[:, None, None]).astype(np.uint8) * np.uint8(255)
    reduced_planes = [cv2.resize(plane, (size, size), interpolation=cv2.INTER_AREA) for plane in planes]
    return np.stack(reduced_planes).astype(np.uint8)


class StageData:
    """The data set at a stage's size, ready to be batched: pictures, region planes, frames."""

    def __init__(self, faces: FaceSet, stage: Stage, device: torch.device) -> None:
        size = stage.size
        self.faces, self.device = faces, device
        self.encoder_side = min(size, 128)
        self.pictures = reduced(faces.pictures, size)
        self.seen_by_encoder = reduced(faces.pictures, self.encoder_side)
        self.planes = np.empty((len(faces), REGION_COUNT, size, size), np.uint8)
        for i, mask in enumerate(faces.masks):
            self.planes[i] = region_shares(mask, size)
        self.mirror = torch.from_numpy(MIRROR.astype(np.int64)).to(device)

    def batch(
        self, indices: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_], dtype: torch.dtype
    ) -> dict[str, Tensor]:
        """Pictures (-1..1), the encoder's pictures, planes, and frames both ways, on the device."""
        pictures = to_float(self.pictures[indices], self.device)
        small = pictures if self.encoder_side == self.pictures.shape[1] else None
        if small is None:
            small = to_float(self.seen_by_encoder[indices], self.device)
        planes = torch.from_numpy(self.planes[indices]).to(self.device).to(dtype) / 255
        frames = self.faces.frames[indices].copy()
        frames[flips] = mirrored_frame(frames[flips])
        flip = torch.from_numpy(flips).to(self.device)[:, None, None, None]
        pictures = torch.where(flip, pictures.flip(3), pictures)
        small = torch.where(flip, small.flip(3), small)
        planes = torch.where(flip, planes.flip(3)[:, self.mirror], planes)
        return {
            "pictures": pictures,
            "small": small,
            "planes": planes.contiguous(memory_format=torch.channels_last),
            "to_picture": torch.from_numpy(frames).to(self.device),
            "to_face": torch.from_numpy(inverse_frames(frames)).to(self.device),
        }


class ChangedBatch:
    """Changed heads as tensors on the device; fields as of `ChangedFace`."""

    def __init__(self, faces: list[ChangedFace], places: Tensor, size: int, device: torch.device, dtype: torch.dtype):
        self.faces, self.places = faces, places
        shares = np.stack([region_shares(face.mask, size) for face in faces])
        planes = torch.from_numpy(shares).to(device).to(dtype) / 255
        self.planes = planes.contiguous(memory_format=torch.channels_last)
        frames = np.stack([face.frame for face in faces])
        self.to_picture = torch.from_numpy(frames).to(device)
        self.to_face = torch.from_numpy(inverse_frames(frames)).to(device)
        maps = np.stack([np.concatenate([face.maps, face.guides]) for face in faces])
        self.maps = torch.from_numpy(maps).to(device)
        gains = torch.from_numpy(np.stack([face.gain for face in faces])).to(device)
        self.gain = gains.permute(0, 3, 1, 2)
        self.target = to_float(np.stack([face.target for face in faces]), device)
        self.small = F.adaptive_avg_pool2d(self.target, min(size, self.target.shape[-1]))
        self.weight = torch.from_numpy(np.stack([face.weight for face in faces])).to(device).unsqueeze(1)
        names = faces[0].labels
        self.labels = {n: torch.from_numpy(np.stack([face.labels[n] for face in faces])).to(device) for n in names}
        self.keeps_identity = torch.tensor([face.factor not in ("identity", "all") for face in faces], device=device)

    def relit(self, pictures: Tensor) -> Tensor:
        """Pictures (C, 3, S, S) in -1..1 under the new light and with the new skin."""
        gain = self.gain
        if gain.shape[-1] != pictures.shape[-1]:
            gain = F.interpolate(gain, size=pictures.shape[-2:], mode="bilinear", align_corners=False)
        return (pictures + 1) * gain - 1

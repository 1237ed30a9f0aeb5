"""The benchmark of the reader measures the skin of heads against pictures."""

import numpy as np

from faceeditor.evaluation.reader_quality import skin_differences, table
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.portrait.head import HeadCoefficients


def test_skin_of_the_right_head_differs_least() -> None:
    model, head = HeadModel.load(), HeadCoefficients.neutral().changed(pose=(15, 3, 0))
    maps = render_maps(model, head, 256)
    picture = ((maps.condition[:3].transpose(1, 2, 0) + 1) * 127.5).round().astype(np.uint8)
    darker, paler = head.changed(gamma=head.gamma * 0.6), head.changed(albedo=head.albedo + 1)
    empty = np.zeros_like(maps.regions)
    found = skin_differences(
        model, [head, darker, paler, head], np.stack([picture] * 4), np.stack([maps.regions] * 3 + [empty])
    )
    assert found[0] < 0.006
    assert (found[1:3] > 5 * found[0]).all()
    assert np.isnan(found[3])


def test_table_has_every_figure() -> None:
    keys = (
        "landmarks_px", "landmarks_median_px", "head_landmarks_px", "head_landmarks_median_px", "yaw", "pitch", "roll",
        "face_iou", "skin_difference",
    )  # fmt: skip
    figures = {"kept_out": 3, "network": dict.fromkeys(keys, 0.25), "refined": dict.fromkeys(keys, 0.125)}
    text = table({**figures, "renderings": {"gaze": 5.0}})
    assert text.count("| 0.250 | 0.125 |") == len(keys)

import numpy as np

from faceeditor.engine.attribute_photo import added
from faceeditor.photo.placement import Placement


def _placement() -> Placement:
    """Two picture pixels per mask pixel, 40 from the left, 20 from the top."""
    return Placement(np.array([[2.0, 0.0, 40.0], [0.0, 2.0, 20.0]]))


def test_a_difference_lands_where_the_face_lies_and_nowhere_else():
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535)):
        samples = np.full((600, 620, 3), top // 2, dtype)
        difference = np.zeros((256, 256, 3), np.float32)
        difference[100:120, 60:80, 0] = 0.25
        made = added(samples, difference, _placement())
        assert made.dtype == dtype
        assert abs(int(made[20 + 220, 40 + 140, 0]) - (top // 2 + top // 4)) <= top // 100
        assert np.array_equal(made[..., 1:], samples[..., 1:])
        assert np.array_equal(made[:200], samples[:200]) and np.array_equal(made[:, :140], samples[:, :140])


def test_values_stay_within_their_range_and_nothing_is_nothing():
    samples = np.full((600, 620, 3), 250, np.uint8)
    assert np.array_equal(added(samples, np.zeros((256, 256, 3), np.float32), _placement()), samples)
    assert added(samples, np.ones((256, 256, 3), np.float32), _placement()).max() == 255


def test_the_person_s_outline_ends_the_difference_and_it_goes_on_beyond_the_square():
    samples = np.full((600, 620, 3), 100, np.uint8)
    difference = np.full((256, 256, 3), 0.2, np.float32)
    opacity = np.zeros((448, 448), np.float32)
    opacity[:, :224] = 1
    made = added(samples, difference, _placement(), opacity)
    assert made[300, 100, 0] == 151 and made[5, 100, 0] == 151  # in the square, and above it
    assert np.array_equal(made[:, 40 + 270 :], samples[:, 40 + 270 :])

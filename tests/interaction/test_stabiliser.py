"""The stabiliser: nothing at 0, a straight line stays straight, tremor goes, reports and speed do not matter."""

import itertools
import math

import numpy as np
import pytest

from faceeditor.interaction.stabiliser import begin, catch_up, follow


def drawn(lag, points, pressure=1.0):
    """All samples of the tip for a stroke through points, the catch-up at its end included."""
    state = begin(lag, (*points[0], pressure))
    samples = [state.tip]
    for point in points[1:]:
        state, passed = follow(state, (*point, pressure))
        samples += passed
    return [*samples, *catch_up(state)]


def test_without_a_lag_every_point_comes_at_once_and_as_it_is():
    points = [(3.0, 4.0), (3.0, 4.0), (90.5, 7.25), (-2.0, 300.0)]
    assert drawn(0.0, points, 0.3) == [(*point, 0.3) for point in points]


def test_a_straight_line_stays_straight_and_ends_at_the_pointer():
    samples = drawn(20.0, [(0.0, 10.0), (100.0, 10.0)])
    assert all(y == pytest.approx(10.0) for _, y, _ in samples)
    xs = [x for x, _, _ in samples]
    assert xs == sorted(xs) and xs[-1] == 100.0
    assert xs[-2] == pytest.approx(100.0 - 20.0, abs=0.2), "one lag behind before the pen was lifted"


def test_tremor_is_taken_out():
    wave = [(x / 2, 50.0 + 3.0 * math.sin(x)) for x in range(400)]
    samples = drawn(15.0, wave)[40:-1]
    assert max(abs(y - 50.0) for _, y, _ in samples) < 0.5


def test_how_often_the_device_reports_does_not_matter():
    corners = [(0.0, 0.0), (60.0, 0.0), (60.0, 45.0)]
    dense = [(float(x), 0.0) for x in range(61)] + [(60.0, float(y)) for y in range(1, 46)]
    few, many = drawn(12.0, corners), drawn(12.0, dense)
    assert np.array(few) == pytest.approx(np.array(many))


def test_a_long_step_is_drawn_as_a_curve():
    samples = drawn(15.0, [(0.0, 0.0), (40.0, 0.0), (40.0, 60.0)])
    steps = [math.dist(a[:2], b[:2]) for a, b in itertools.pairwise(samples[:-1])]
    assert max(steps) <= 1.0 + 1e-9


def test_pressure_follows_with_the_tip():
    state, passed = follow(begin(10.0, (0.0, 0.0, 0.2)), (50.0, 0.0, 1.0))
    pressures = [pressure for _, _, pressure in passed]
    assert pressures == sorted(pressures) and 0.2 < pressures[0] < pressures[-1] <= 1.0
    assert catch_up(state)[-1] == (50.0, 0.0, 1.0)


def test_a_pen_that_stands_still_draws_nothing_more():
    state = begin(10.0, (5.0, 5.0, 1.0))
    state, passed = follow(state, (5.0, 5.0, 0.4))
    assert passed == () and state.tip == (5.0, 5.0, 1.0)

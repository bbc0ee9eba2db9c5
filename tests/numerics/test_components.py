"""Connected pixels and distances, against scipy: the same numbers, not nearly the same."""

import numpy as np
import pytest
from scipy import ndimage

from jwstpipe.numerics.areas.components import component_boxes, labelled
from jwstpipe.numerics.areas.distance import distance_to_outside


@pytest.fixture(params=[(1, 1, 0.5), (1, 40, 0.5), (37, 1, 0.4), (70, 133, 0.3), (70, 133, 0.6), (64, 200, 0.97)])
def mask(request):
    rows, columns, share = request.param
    found = np.random.default_rng(rows + columns).random((rows, columns)) < share
    found[0, 0] = False
    return found


@pytest.mark.parametrize("neighbours", [8, 4])
def test_labels_are_those_of_scipy(mask, neighbours):
    labels, count = labelled(mask, neighbours)
    expected, number = ndimage.label(mask, np.ones((3, 3)) if neighbours == 8 else None)
    assert count == number
    assert np.array_equal(labels, expected)
    boxes = [(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in ndimage.find_objects(expected)]
    assert [tuple(one) for one in component_boxes(labels, count)[1:, :4].tolist()] == boxes


def test_a_board_of_single_pixels_has_room_for_all_of_them():
    board = np.indices((9, 11)).sum(axis=0) % 2 == 0
    assert labelled(board, 4)[1] == 50
    assert labelled(board, 8)[1] == 1


def test_distances_are_those_of_scipy_to_the_bit(mask):
    assert np.array_equal(distance_to_outside(mask), ndimage.distance_transform_edt(mask))


def test_a_single_pixel_outside_is_far_from_all_others():
    mask = np.ones((50, 80), bool)
    mask[44, 3] = False
    assert np.array_equal(distance_to_outside(mask), ndimage.distance_transform_edt(mask))

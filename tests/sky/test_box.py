from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.sky.box import Box

sides = st.integers(0, 60)
corners = st.integers(-100, 100)
boxes = st.builds(lambda y, x, h, w: Box(y, x, y + h, x + w), corners, corners, sides, sides)


def pixels(box):
    return {(y, x) for y in range(box.y0, box.y1) for x in range(box.x0, box.x1)}


@given(boxes, boxes)
def test_intersection_holds_just_the_common_pixels(a, b):
    common = a.intersection(b)
    assert pixels(a) & pixels(b) == (set() if common is None else pixels(common))


@given(boxes, st.integers(1, 40))
def test_cells_cover_each_pixel_once_and_never_cross_a_multiple_of_the_step(box, step):
    cells = list(box.cells(step))
    assert sum(cell.area for cell in cells) == box.area
    assert set().union(*(pixels(cell) for cell in cells)) == pixels(box)
    assert all(cell.y0 // step == (cell.y1 - 1) // step and cell.x0 // step == (cell.x1 - 1) // step for cell in cells)


@given(boxes, st.integers(1, 40))
def test_snapped_is_the_smallest_aligned_box_around(box, step):
    snapped = box.snapped(step)
    assert snapped.contains(box)
    assert all(side % step == 0 for side in (snapped.y0, snapped.x0, snapped.y1, snapped.x1))
    assert 0 <= box.y0 - snapped.y0 < step
    assert 0 <= snapped.x1 - box.x1 < step

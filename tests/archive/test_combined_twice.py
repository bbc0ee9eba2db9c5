"""Combined images of the pipeline that hold the same exposures: counted once, and nothing is lost."""

import pytest

from jwstpipe.archive.product import Product
from jwstpipe.archive.search.combined_twice import Combined, combined_twice, counted_once
from tests.discovery.sky import region


def image(candidate, *, target="t001", east=0.0, width=2.0, began=59740.0, ended=59740.2, told=True, ra=151.757):
    """A combined image, 2 arcmin high, somewhere east of a place at the equator."""
    outline = region(ra + east / 60, 0.0, width, 2.0) if told else ""
    return Combined(f"jw02733-{candidate}_{target}_nircam_clear-f090w", "one filter", outline, began, ended)


def left_out(*images):
    return {images[number].obs_id.split("_")[0].split("-")[1] for number in combined_twice(images)}


@pytest.mark.parametrize("target", ["t001", "t007"])
def test_a_mosaic_of_the_pipeline_goes_where_its_parts_are_whatever_target_it_numbers(target):
    parts = [image("o001", east=-1.0), image("o002", east=1.0, target="t002")]
    assert left_out(*parts, image("c1001", target=target, width=4.0)) == {"c1001"}


def test_a_mosaic_of_which_parts_are_missing_stays_and_the_parts_that_it_holds_go():
    lone = image("o003", east=9.0)
    assert left_out(image("o001", east=-1.0), image("c1001", width=4.0), lone) == {"o001"}


def test_what_was_observed_at_another_time_is_no_part():
    again = image("o009", began=59900.0, ended=59900.1)
    assert left_out(again, image("c1001")) == set()
    assert left_out(image("o001"), again, image("c1001")) == {"c1001"}


def test_what_lies_elsewhere_or_in_another_filter_is_no_part():
    assert left_out(image("o001", east=5.0), image("c1001")) == set()
    other = image("o001")
    assert not combined_twice([Combined(other.obs_id, "another", other.region), image("c1001")])


def test_without_footprints_the_number_of_the_target_decides():
    assert left_out(image("o001", told=False), image("c1001", told=False)) == {"c1001"}
    assert left_out(image("o001", told=False, target="t002"), image("c1001", told=False)) == set()


def test_of_two_mosaics_of_the_pipeline_that_hold_the_same_one_goes():
    assert left_out(image("a3001"), image("c1001")) == {"a3001"}
    assert left_out(image("a3001"), image("c1001"), image("o001")) == {"a3001", "c1001"}
    assert left_out(image("a3001", width=8.0), image("c1001")) == {"c1001"}


def test_the_order_of_images_and_ra_0_do_not_matter():
    across = [image("o001", east=-1.0, ra=0.0), image("o002", east=1.0, ra=0.0), image("c1001", width=4.0, ra=0.0)]
    assert left_out(*across) == left_out(*across[::-1]) == {"c1001"}


def test_files_are_split_by_what_their_rows_say():
    def file(candidate, level=3):
        own = image(candidate)
        name = f"{own.obs_id}_i2d.fits"
        return Product(f"mast:JWST/product/{name}", name, 1, own.obs_id, level, "i2d",
                       ("CLEAR", "F090W"), "NIRCAM/IMAGE", "X", "SCIENCE", "1", "PUBLIC", own.obs_id,
                       {"s_region": own.region, "t_min": own.began, "t_max": own.ended})  # fmt: skip

    wanted, twice = counted_once([file("c1001"), file("o001"), file("o002", level=2)])
    assert [one.obs_id[:12] for one in wanted] == ["jw02733-o001", "jw02733-o002"]
    assert [one.obs_id[:13] for one in twice] == ["jw02733-c1001"]

"""Images of the catalogue into mosaics, and what a second run costs."""

import pytest

from jwstpipe import open_image
from jwstpipe.errors import NotFoundError
from jwstpipe.requests import MosaicRequest, ProcessTargetRequest
from tests.world import TARGET


def test_images_of_the_catalogue_become_mosaics_that_share_tiles_with_later_ones(site, tiny_world):
    from flows.mosaic import mosaic
    from flows.process_target import process_target

    first = process_target(ProcessTargetRequest(target=TARGET, level=2))
    known = [product for product in first.products if product.kind == "mosaic"]
    names = sorted(product.filter for product in known)
    again = mosaic(MosaicRequest())
    assert [product.product_id for product in again.products] == [product.product_id for product in known]
    assert all(product.reused for product in again.products)
    report = mosaic(MosaicRequest(filters=(names[0],)))
    (made,) = report.products
    assert (made.kind, made.filter) == ("mosaic", names[0])
    # the window of one filter may be smaller than that of all: then it is another product, of the same tiles
    assert made.reused or report.counts["tiles_reused"] == report.counts["tiles"] > 0
    assert open_image(made.where).primary["FILTER"] == names[0]
    with pytest.raises(NotFoundError, match="no such images"):
        mosaic(MosaicRequest(filters=("F999W",)))

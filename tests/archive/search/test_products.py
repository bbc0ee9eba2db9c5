import pytest

from jwstpipe.archive.safe_names import suffix_of
from jwstpipe.archive.search.products import choose_products, list_products, tally
from jwstpipe.archive.search.search import search
from jwstpipe.requests import SearchRequest
from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.faults import Faults
from jwstpipe.testing.local_archive.mast import ArchiveRows, observation_row, product_row
from tests.archive.archive_helpers import make_product, settings_for

MOSAIC = "jw02733-o001_t001_nircam_f405n-f444w"
EXPOSURES = [f"jw02733001001_0210a_{n:05d}_nrcalong" for n in (1, 2)]


def holdings():
    """A combined observation with two exposures: one inside the search, one of a neighbouring field."""
    common = {"filters": "F444W;F405N", "target_name": "NGC-3132", "t_obs_release": 60000.0}
    whole = observation_row(MOSAIC, ra=150.0, dec=2.0, t_exptime=5000.0, **common)
    near, far = (
        observation_row(name, ra=150.0 + n, dec=2.0, t_exptime=100.0 + n, **common) for n, name in enumerate(EXPOSURES)
    )
    rows = []
    for owner, parents in ((whole, [whole]), (near, [whole, near]), (far, [whole, far])):
        name = owner["obs_id"]
        kinds = {"i2d.fits": "SCIENCE", "i2d.jpg": "PREVIEW", "i2d_thumb.jpg": "PREVIEW", "cat.ecsv": "AUXILIARY"}
        if owner is not whole:
            kinds = {
                "uncal.fits": "SCIENCE",
                "rate.fits": "SCIENCE",
                "cal.fits": "SCIENCE",
                "x1d.fits": "SCIENCE",
            } | kinds
        for parent in parents:
            rows += [
                product_row(f"{name}_{kind}", 1000 + len(kind), owner=owner, parent=parent, productType=type_)
                for kind, type_ in kinds.items()
            ]
    rows.append(product_row("jw02733001001_gs-track_2022193101500_cal.fits", 5, owner=near, parent=near))
    return ArchiveRows(observations=(whole, near, far), products=tuple(rows))


@pytest.fixture
def archive():
    with serve_archive(rows=holdings(), s3=False) as served:
        yield served
        assert served.crashes == ()


@pytest.fixture
def listing(archive):
    return listed(archive)


def listed(archive, settings=None, **request):
    settings = settings or settings_for(archive.server)
    found = search(SearchRequest(**({"ra": 150.0, "dec": 2.0, "radius": 0.1} | request)), settings=settings)
    return list_products(found, settings=settings)


def names(products):
    return [product.file_name for product in products]


def test_each_file_is_listed_once_under_its_own_observation(listing):
    assert len(listing) == len({product.data_uri for product in listing})
    assert (listing.reported, listing.complete, listing.refused) == (4 + 8 + 8 + 8 + 1, True, ())
    by_name = {product.file_name: product for product in listing}
    own, member = by_name[f"{EXPOSURES[0]}_cal.fits"], by_name[f"{EXPOSURES[1]}_cal.fits"]
    assert (own.obs_id, own.listed_under, own.is_member) == (EXPOSURES[0], EXPOSURES[0], False)
    assert (member.obs_id, member.listed_under, member.is_member) == (EXPOSURES[1], MOSAIC, True)
    assert (own.level, own.suffix, own.filters, own.instrument) == (2, "cal", ("F444W", "F405N"), "NIRCAM/IMAGE")
    assert (own.size, own.target, own.product_type, own.version, own.rights) == (
        1008,
        "NGC-3132",
        "SCIENCE",
        "1.8.2",
        "PUBLIC",
    )
    assert own.data_uri == f"mast:JWST/product/{EXPOSURES[0]}_cal.fits"


def test_every_field_of_both_rows_is_kept(archive, listing):
    product = next(p for p in listing if p.file_name == f"{MOSAIC}_i2d.fits")
    parent = next(row for row in archive.rows.observations if row["obs_id"] == MOSAIC)
    row = next(row for row in archive.rows.products if row["productFilename"] == product.file_name)
    for key, value in {**parent, **row}.items():
        if value not in (None, ""):
            assert product.mast[key] == value or product.mast[key] == str(value), key
    assert None not in product.mast.values()
    exposure = next(p for p in listing if p.file_name == f"{EXPOSURES[0]}_uncal.fits")
    assert (exposure.mast["calib_level"], exposure.mast["observation_calib_level"]) == (1, 2)


def test_by_default_the_science_image_of_each_level_is_chosen(listing):
    assert names(choose_products(listing)) == [f"{MOSAIC}_i2d.fits", f"{EXPOSURES[0]}_cal.fits"]
    assert names(choose_products(listing, level=(3,))) == [f"{MOSAIC}_i2d.fits"]
    assert names(choose_products(listing, level=(1,))) == [f"{EXPOSURES[0]}_uncal.fits"]
    assert names(choose_products(listing, members=True)) == [
        f"{MOSAIC}_i2d.fits", f"{EXPOSURES[0]}_cal.fits", f"{EXPOSURES[1]}_cal.fits",
    ]  # fmt: skip


def test_suffixes_are_chosen_as_asked_but_never_previews(listing):
    assert names(choose_products(listing, suffix=("x1d",))) == [f"{EXPOSURES[0]}_x1d.fits"]
    assert names(choose_products(listing, suffix=("_I2D",))) == [f"{MOSAIC}_i2d.fits", f"{EXPOSURES[0]}_i2d.fits"]
    assert names(choose_products(listing, suffix=("cat",), level=(3,))) == [f"{MOSAIC}_cat.ecsv"]
    assert names(choose_products(listing, suffix=("thumb",))) == []


def test_either_name_of_a_compound_filter_answers(listing):
    for wanted in ("F405N", "f444w"):
        assert len(choose_products(listing, filters=(wanted,))) == 2
    assert choose_products(listing, filters=("F090W",)) == ()


def test_the_order_does_not_depend_on_the_answer(listing):
    assert choose_products(reversed(listing.products)) == choose_products(listing)


def test_files_that_are_not_public_are_left_out():
    hidden = make_product(rights="EXCLUSIVE_ACCESS")
    assert choose_products([hidden, make_product()]) == (make_product(),)


def test_the_tally_sums_bytes_by_level_and_filter(listing):
    chosen = choose_products(listing, suffix=("i2d", "cal"), members=True)
    assert names(chosen)[0] == f"{MOSAIC}_i2d.fits"
    assert [(t.level, t.filters, t.files, t.size) for t in tally(chosen)] == [
        (3, ("F444W", "F405N"), 1, 1008),
        (2, ("F444W", "F405N"), 5, 4 * 1008 + 5),
    ]
    assert tally(()) == ()


def test_rows_with_unsafe_names_are_refused_and_told_the_others_stay(archive):
    rows = archive.rows
    owner = rows.observations[0]
    bad = [
        product_row("../../etc/cron.d/evil.fits", 1, owner=owner, parent=owner),
        product_row("good_i2d.fits", 1, owner=owner, parent=owner, dataURI="file:///etc/passwd"),
        product_row("%2e%2e%2fevil_i2d.fits", 1, owner=owner, parent=owner),
    ]
    archive.set_rows(ArchiveRows(observations=rows.observations, products=(*bad, *rows.products)))
    listing = listed(archive)
    assert len(listing.refused) == 3
    assert len(choose_products(listing)) == 2


def test_observations_are_asked_in_batches_each_paged_and_retried(archive):
    observations = [
        observation_row(f"jw02733001001_02101_{n:05d}_nrca1", ra=150.0, dec=2.0, t_obs_release=1.0) for n in range(25)
    ]
    products = [
        product_row(f"{row['obs_id']}_{kind}.fits", 7, owner=row, parent=row)
        for row in observations
        for kind in ("cal", "rate", "uncal")
    ]
    archive.set_rows(ArchiveRows(observations=tuple(observations), products=tuple(products)))
    archive.set_faults(Faults(("invoke",), only="Mast.Caom.Products", status=500, skip=2, times=2))
    listing = listed(archive, settings_for(archive.server, page_size=16))
    assert (len(listing), listing.reported, listing.complete) == (75, 75, True)
    assert archive.count("invoke", "Mast.Caom.Products") == 2 + 2 + 1 + 2


def test_a_listing_of_nothing_asks_nothing(archive):
    listing = listed(archive, ra=10.0)
    assert (len(listing), listing.reported, list(listing)) == (0, 0, [])
    assert archive.count("invoke", "Mast.Caom.Products") == 0


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("jw02733-o001_t001_nircam_clear-f090w_i2d.fits", "i2d"),
        ("jw02733-o001_t001_nircam_clear-f090w_I2D.FITS", "i2d"),
        ("jw02733001001_02101_00001_nrca1_cal.fits.gz", "cal"),
        ("jw01464-o001_t001_nircam_f212n-wlp8_wfscmb-04.fits", "wfscmb"),
        ("jw02733-o001_20230118t025851_image3_00001_asn.json", "asn"),
        ("jw02733-o001_t001_nircam_clear-f090w_i2d_thumb.jpg", "thumb"),
        ("nothing.fits", ""),
    ],
)
def test_the_suffix_stands_at_the_end(name, suffix):
    assert suffix_of(name) == suffix

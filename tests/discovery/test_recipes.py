"""What can be made of rows: which are of use, what they cover, and which pictures follow."""

import json
import math
import random

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstpipe.discovery.recipes.build import Surroundings, recipes_of
from jwstpipe.discovery.recipes.fields import fields_of
from jwstpipe.discovery.recipes.footprints import footprints_of
from jwstpipe.discovery.recipes.rates import Measured, Rates, measured_rates
from jwstpipe.discovery.recipes.rows import sort_rows
from jwstpipe.discovery.recipes.select import common_area, pruned
from jwstpipe.discovery.targets.table import known_target, known_targets
from jwstpipe.display.colour.names import parse_channel_colour
from jwstpipe.display.presets.load import load_preset, recipe_names
from jwstpipe.mosaicking.cost import work
from jwstpipe.names import FILTER_WAVELENGTHS
from jwstpipe.requests import ProcessTargetRequest, validated
from jwstpipe.sky.tangent_plane import Plane
from tests.discovery.sky import MJD_2022, row, southern_ring

RING = Surroundings("NGC 3132", (151.757, -40.436), known_target("NGC 3132"))


def made(rows, around=RING):
    return recipes_of(fields_of(sort_rows(rows, now=61000.0).rows), around)


def as_text(recipes):
    return json.dumps([one.model_dump(mode="json") for one in recipes])


def test_the_real_programme_gives_the_published_pictures_first():
    found = made(southern_ring())
    assert [one.name for one in found[:2]] == ["NGC 3132 Southern Ring, NIRCam", "NGC 3132 Southern Ring, MIRI"]
    first = found[0]
    assert first.filters == ("F090W", "F187N", "F212N", "F356W", "F405N", "F470N")
    assert first.colours["F405N"] == first.colours["F470N"] == "#ff0000"
    assert (first.rank, first.tag, first.missing) == (0, "published", ())
    assert first.source.startswith("https://webbtelescope.org")
    assert first.common_area_arcmin2 == pytest.approx(7.3 * 4.5, rel=1e-3)
    assert first.reasons == "six filters, 32.9 of 32.9 square arcmin shared, 30 min"
    assert {"NIRCam + MIRI, the best 7 filters", "NIRCam narrow bands"} <= {one.name for one in found}
    assert found[-1].tag == "all data"
    assert len(found[-1].filters) == 10


def test_a_published_picture_that_lacks_one_filter_is_offered_and_says_so_and_of_two_it_is_not():
    rows = [one for one in southern_ring() if "F470N" not in one["filters"]]
    first = made(rows)[0]
    assert (first.tag, first.missing, first.warnings[0]) == ("published", ("F470N",), "F470N is missing")
    fewer = [one for one in rows if "F405N" not in one["filters"] and "MIRI" not in one["instrument_name"]]
    assert all(one.tag != "published" for one in made(fewer))


PUBLISHED = [name for name in recipe_names() if load_preset(name).description.startswith("published colours")]


def test_all_seven_published_assignments_are_kept():
    assert len(PUBLISHED) == 7


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_assignment_is_offered_as_it_was_published(name):
    preset = load_preset(name)
    target = next(one for one in known_targets() if name.startswith(one.name.lower().replace(" ", "-")))
    rows = [
        row(f, instrument="MIRI" if FILTER_WAVELENGTHS[f] > 5 else "NIRCAM", ra=target.ra, dec=target.dec)
        for f in preset.colours
    ]
    around = Surroundings(target.name, (target.ra, target.dec), target)
    (found,) = [one for one in made(rows, around) if one.request.get("recipe") == name]
    assert found.rank == 0
    expected = {f: parse_channel_colour(colour).colour.hex for f, colour in preset.colours.items()}
    assert found.colours == expected


def test_the_order_of_rows_does_not_matter_to_the_last_byte():
    rows = southern_ring() + [
        row("F770W", instrument="MIRI", ra=152.2, number=k + 1, dec=-40.436 + k / 50) for k in range(4)
    ]
    expected = as_text(made(rows))
    for seed in range(3):
        shuffled = random.Random(seed).sample(rows, len(rows))
        assert as_text(made(shuffled)) == expected


def test_compound_filters_survive_and_the_same_exposures_are_counted_once():
    rows = southern_ring()
    twice = rows + [one | {"obs_id": one["obs_id"].replace("-o001_", "-c1001_")} for one in rows[:6]]
    assert as_text(made(twice)) == as_text(made(rows))
    told = sort_rows(twice, now=61000.0)
    assert [str(one) for one in told.dropped] == ["6 combined a second time from the same exposures"]
    alone = [one | {"obs_id": one["obs_id"].replace("-o001_", "-c1001_")} for one in rows[:6]]
    assert made(alone)[0].inputs == 6
    assert {one.filter for one in told.rows} >= {"F405N", "F470N"}
    assert "F444W" not in {one.filter for one in told.rows}


def test_what_is_no_picture_of_the_target_is_left_out_with_reasons_and_nothing_of_it_is_told():
    rows = southern_ring()
    others = [
        row("F090W", target="NGC-3132-BKG", number=1),
        row("F090W", target="BACKGROUND-2", number=2),
        row("F200W", number=3, released=62000.0, obs_title="a secret title"),
        row("F150W", number=4, dataRights="EXCLUSIVE_ACCESS", obs_title="a secret title"),
        row("F200W;GRISMR", number=5),
        row("F200W", number=6, dataproduct_type="spectrum"),
        row("F999W", number=7),
        row("CLEAR", number=8),
    ]
    told = sort_rows(rows + others, now=61000.0)
    assert as_text(made(rows + others)) == as_text(made(rows))
    assert {one.reason: one.count for one in told.dropped} == {
        "pointings at empty sky or calibration": 2,
        "not public yet until 2028-08": 2,
        "spectra, cubes or time series": 2,
        "in F999W, a filter that is not known": 1,
        "without an imaging filter": 1,
    }
    assert "secret" not in as_text(made(rows + others)) + repr(told)


def test_all_of_mode_and_spelling_that_rows_have_are_read():
    for words in ("nircam/image", "NIRCam", "NIRCAM"):
        for filters in ("f200w", "CLEARP;F200W", "F200W;CLEAR", " F200W "):
            (found,) = sort_rows([row("F200W") | {"instrument_name": words, "filters": filters}], now=61000.0).rows
            assert (found.instrument, found.filter) == ("NIRCam", "F200W")


def test_common_areas_agree_with_a_monte_carlo_on_the_sphere():
    """Turned fields across RA 0 and near the pole: points of the sphere are counted with astropy's separations."""
    for ra, dec in ((0.01, 12.0), (83.0, -88.9), (210.0, 54.0)):
        pieces = [(0.0, 0.0, 0.0), (0.4, 0.3, 25.0), (-0.5, 0.2, 60.0)]
        rows = [
            row(
                name,
                ra=(ra + dx / 60 / math.cos(math.radians(dec))) % 360,
                dec=dec + dy / 60,
                turn=turn,
                size=(4.0, 2.4),
            )
            for name, (dx, dy, turn) in zip(("F090W", "F200W", "F444W"), pieces, strict=True)
        ]
        (field,) = fields_of(sort_rows(rows, now=61000.0).rows)
        rng = np.random.default_rng(7)
        middle = SkyCoord(ra, dec, unit="deg")
        away = np.degrees(np.arccos(1 - rng.uniform(0, 1 - np.cos(np.radians(0.06)), 100_000)))
        points = middle.directional_offset_by(rng.uniform(0, 360, 100_000) * 1.0 * _deg(), away * _deg())
        inside = np.ones(100_000, bool)
        for one in rows:
            inside &= in_polygon(points, one["s_region"])
        cap = 2 * np.pi * (1 - np.cos(np.radians(0.06))) * (180 / np.pi * 60) ** 2
        assert common_area(field.bands).area == pytest.approx(cap * inside.mean(), rel=0.02)


def _deg():
    from astropy import units

    return units.deg


def in_polygon(points, text):
    """Tell which points lie on the inner side of all great circles between the corners."""
    numbers = np.array(text.split()[2:], float).reshape(-1, 2)
    corners = SkyCoord(numbers[:, 0], numbers[:, 1], unit="deg").cartesian.xyz.value.T
    places = points.cartesian.xyz.value.T
    sides = np.stack([places @ np.cross(a, b) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    return (sides > 0).all(axis=0) | (sides < 0).all(axis=0)


def test_the_gap_between_two_modules_is_not_covered():
    two = [row(name, size=(2.2, 2.2), ra=151.757 + side * 1.467 / 60 / math.cos(math.radians(40.436)), number=side + 1)
           for name in ("F090W", "F200W") for side in (0, 1)]  # fmt: skip
    (field,) = fields_of(sort_rows(two, now=61000.0).rows)
    common = common_area(field.bands)
    assert common.area == pytest.approx(2 * 2.2**2 - 2.2 * (2.2 - 1.467), rel=0.01)
    apart = [
        row("F200W", size=(2.2, 2.2), dec=-40.436 + side * (2.2 + 44 / 60) / 60, number=side + 1) for side in (0, 1)
    ]
    (field,) = fields_of(sort_rows(apart, now=61000.0).rows)
    assert field.bands[0].area == pytest.approx(2 * 2.2**2, rel=0.01)
    assert field.bands[0].needs_mosaic


def test_outlines_that_cross_themselves_and_circles_are_read():
    plane = Plane(10.0, 0.0)
    bow = row("F200W") | {"s_region": "POLYGON ICRS 10 0 10.02 0.02 10.02 0 10 0.02"}
    (read,) = sort_rows([bow], now=61000.0).rows
    assert footprints_of([read], plane)[0].area == pytest.approx(0.72, rel=0.01)
    circle = row("F200W") | {"s_region": "CIRCLE ICRS 10 0 0.01"}
    (read,) = sort_rows([circle], now=61000.0).rows
    assert footprints_of([read], plane)[0].area == pytest.approx(np.pi * 0.36, rel=0.01)
    bare = row("F200W", ra=10.0, dec=0.0) | {"s_region": None}
    (read,) = sort_rows([bare], now=61000.0).rows
    assert footprints_of([read], plane)[0].area == pytest.approx(np.pi * 1.1**2, rel=0.01)


def test_exposures_under_a_combined_image_add_no_depth():
    deep = [row("F200W"), row("F090W")]
    single = [row("F200W", calib_level=2, number=k + 1) for k in range(4)]
    (field,) = fields_of(sort_rows(deep + single, now=61000.0).rows)
    assert [band.depth[0] for band in field.bands] == [1800.0, 1800.0]
    stacked = [row("F200W", number=1), row("F200W", number=2, candidate="o002")]
    (field,) = fields_of(sort_rows(stacked, now=61000.0).rows)
    assert field.bands[0].depth == (3600.0, 3600.0, 3600.0)


def test_what_moves_never_mixes_epochs():
    night = [row(name, target="JUPITER", mtFlag=True) for name in ("F150W2", "F212N", "F360M")]
    later = [
        row(name, target="JUPITER", mtFlag=True, t_min=MJD_2022 + 40, ra=12.0, dec=4.0, number=9)
        for name in ("F164N", "F335M")
    ]
    found = made(night + later, Surroundings("Jupiter", None, known_target("Jupiter")))
    days = {f: 0 if f in ("F150W2", "F212N", "F360M") else 1 for f in ("F150W2", "F212N", "F360M", "F164N", "F335M")}
    assert sorted(one.name[-10:] for one in found) == ["2022-06-10", "2022-07-20"]
    assert all(len({days[f] for f in one.filters}) == 1 for one in found)
    assert all(one.epoch_span_days < 1.0 for one in found)
    for one in found:
        assert one.command.startswith("jwstpipe run Jupiter --instrument NIRCam --filter ")
        assert tuple(one.request["observations"]) == one.observation_ids
        assert len(one.observation_ids) == len(one.filters)
    still = [row("F150W2"), row("F212N", t_min=MJD_2022 + 40)]
    (together, *_) = made(still)
    assert any("40 days apart" in told for told in together.warnings)


def test_how_far_a_target_moved_between_its_filters_is_told():
    night = [
        row(name, target="JUPITER", mtFlag=True, ra=151.757 + k * 20 / 3600)
        for k, name in enumerate(("F150W2", "F212N"))
    ]
    (first, *_) = made(night, Surroundings("Jupiter", None, known_target("Jupiter")))
    assert any("it moved 15 arcsec between these images" in told for told in first.warnings)
    (passing, *_) = [one for one in made([*southern_ring(), *night]) if one.request["target"] == "JUPITER"]
    assert passing.field > 0
    assert passing.observation_ids == tuple(passing.request["observations"])


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (row("F200W", instrument="NIRISS"), True),  # in the same place, of another instrument
        (row("F200W", instrument="NIRISS", dec=-41.5), False),
        (row("F200W", instrument="NIRISS", program="4444"), False),  # the request names the programme
    ],
)
def test_observations_are_named_where_a_search_by_place_would_find_others_too(other, found):
    own = [row("F200W"), row("F770W", instrument="MIRI")]
    (cross,) = [one for one in made([*own, other]) if one.filters == ("F200W", "F770W") and one.field == 0]
    assert cross.request.get("observations", []) == (sorted(one["obs_id"] for one in own) if found else [])


def test_a_coronagraph_and_another_field_with_the_same_filter_stay_out_of_the_picture():
    blocked = row("F444W", number=1, instrument_name="NIRCAM/CORON")
    near = [row(name, number=2, dec=-40.436 + 6 / 60) for name in ("F200W", "F444W")]
    wide = row("F200W", size=(14.0, 2.0))
    first = made([wide, row("F444W", size=(14.0, 2.0)), blocked, *near])[0]
    assert first.field == 0
    assert blocked["obs_id"] not in first.request["observations"]
    assert len(first.request["observations"]) == 2


def test_a_line_survives_the_thinning_of_many_filters():
    names = ["F090W", "F115W", "F150W", "F187N", "F200W", "F277W", "F356W", "F410M", "F444W", "F480M"]
    (field,) = fields_of(sort_rows([row(name) for name in names], now=61000.0).rows)
    kept = [band.filter for band in pruned(field.bands)]
    assert "F187N" in kept
    assert "F480M" not in kept
    without = [name for name in names if name != "F187N"]
    (field,) = fields_of(sort_rows([row(name) for name in without], now=61000.0).rows)
    assert all(b / a >= 1.3 for a, b in zip(_waves(field), _waves(field)[1:], strict=False))


def _waves(field):
    return [band.wavelength_um for band in pruned(field.bands)]


def test_lines_are_offered_over_their_continuum_where_both_cover_it():
    found = made([row(name) for name in ("F187N", "F182M", "F212N", "F444W;F470N", "F444W", "F300M", "F335M", "F360M")])
    lines = {one.name: one.filters for one in found if one.kind == "line"}
    assert lines == {
        "Paschen alpha 1.875 over its continuum": ("F182M", "F187N"),
        "PAH 3.3 over its continuum": ("F300M", "F335M", "F360M"),
        "molecular hydrogen 4.69 and CO over its continuum": ("F444W", "F470N"),
    }


def test_coronagraphic_filters_stand_in_pictures_of_their_own():
    rows = [row(name, instrument="MIRI") for name in ("F770W", "F1130W", "F1065C", "F1140C")]
    kinds = {one.kind: one.filters for one in made(rows)}
    assert kinds["coronagraph"] == ("F1065C", "F1140C")
    assert all(not any(f.endswith("C") for f in filters) for kind, filters in kinds.items() if kind != "coronagraph")


def test_what_is_asked_for_is_what_the_recipe_says():
    for one in made(southern_ring()):
        request = validated(
            ProcessTargetRequest, **{k: tuple(v) if isinstance(v, list) else v for k, v in one.request.items()}
        )
        assert request.filters == one.filters
        assert one.command.startswith("jwstpipe run 'NGC 3132'")


def test_what_is_here_is_not_fetched_and_sizes_that_are_told_are_taken():
    rows = southern_ring()
    ids = [one["obs_id"] for one in rows[:6]]
    around = Surroundings("NGC 3132", RING.position, RING.target, sizes=dict.fromkeys(ids, 10**9), here=ids[:2])
    first = made(rows, around)[0]
    assert (first.inputs, first.here, first.files_to_fetch, first.bytes_to_fetch) == (6, 2, 4, 4 * 10**9)
    assert first.bytes_from == "the archive's sizes"
    assert made(rows)[0].bytes_from == "estimated from areas"
    assert first.seconds[1] == pytest.approx(4 * first.seconds[0], rel=0.01)


def test_rates_are_those_of_finished_runs():
    request = ProcessTargetRequest(target="NGC 3132", level=2)
    report = {
        "seconds": {"transfer": 10.0, "convert": 4.0, "composite": 2.0, "mosaic F200W": 9.0}, "bytes_moved": 5 * 10**8,
        "products": [{"kind": "mosaic", "product_id": "b", "filter": "F200W"}, {"kind": "picture", "product_id": "c"}],
        "request": request.model_dump(mode="json"),
    }  # fmt: skip
    known = Measured({"a": 5_000_000, "d": 3_000_000, "b": 4_000_000, "c": 4_000_000}, {"b": ("a", "d")}, threads=2)
    rates = measured_rates([report] * 3, known)
    assert (rates.bytes_per_s, rates.convert_s_per_megapixel, rates.picture_s_per_megapixel) == (5e7, 0.5, 0.5)
    told = work(samples=8_000_000, pixels=4_000_000, tiles=1, deepest=2, planes=("sci", "err", "wht", "n", "dq"),
                weights="ivm", options=request.mosaic_options(depth=2), threads=2)["seconds"]  # fmt: skip
    assert rates.mosaic_factor == pytest.approx(9.0 / told)
    assert rates.told == "the last 3 runs here"
    slow = measured_rates([{**report, "seconds": {**report["seconds"], "mosaic F200W": 90.0}}], known)
    assert slow.mosaic_factor == pytest.approx(10 * rates.mosaic_factor)
    assert measured_rates([{**report, "request": {"products": ["x"]}}], known).mosaic_factor == 1.0
    small = Measured({**known.pixels, "b": 50_000}, known.parents)
    assert measured_rates([], known) == measured_rates([report], small) == Rates()


def test_slower_mosaics_of_this_site_make_estimates_longer():
    own, slow = (
        made(southern_ring(), Surroundings("NGC 3132", RING.position, RING.target, rates=Rates(mosaic_factor=factor)))
        for factor in (1.0, 50.0)
    )
    assert slow[0].seconds[0] > own[0].seconds[0]


FILTERS = sorted(FILTER_WAVELENGTHS)[:30]
ROWS = st.lists(
    st.builds(
        lambda f, dx, dy, turn, n: row(
            f, instrument="MIRI" if FILTER_WAVELENGTHS[f] > 5 else "NIRCAM", ra=151.757 + dx / 60,
            dec=-40.436 + dy / 60,
            turn=turn, number=n, size=(3.0, 2.0),
        ),
        st.sampled_from(FILTERS), st.floats(-4, 4), st.floats(-4, 4), st.floats(0, 90), st.integers(1, 10_000),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=25)
@given(ROWS, st.data())
def test_rows_of_any_filters_give_pictures_of_what_is_there(rows, data):
    found = made(rows)
    for one in found:
        assert one.common_area_arcmin2 > 0
        assert one.common_area_arcmin2 <= min(band.area_arcmin2 for band in one.bands) * (1 + 1e-3) + 1e-4
    more = [*rows, data.draw(ROWS)[0]]
    later = made(more)
    lost = {one.kind for one in found} - {"single", "all", "best"} - {one.kind for one in later}
    assert lost <= {"classic"}  # three that now are all that share a place are told as such
    assert not lost or any(one.kind == "all" and len(one.filters) >= 3 for one in later)


def test_five_hundred_rows_of_thirty_filters():
    rng = random.Random(1)
    rows = [
        row(f, instrument="MIRI" if FILTER_WAVELENGTHS[f] > 5 else "NIRCAM", ra=151.757 + rng.uniform(-8, 8) / 60,
            dec=-40.436 + rng.uniform(-8, 8) / 60, turn=rng.uniform(0, 90), number=k + 1)
        for k, f in enumerate(rng.choices(FILTERS, k=500))
    ]  # fmt: skip
    found = made(rows)
    assert found
    assert all(one.common_area_arcmin2 > 0 for one in found)

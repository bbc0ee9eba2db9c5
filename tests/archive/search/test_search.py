import threading
import time

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from jwstpipe.archive.search import portal, resolve
from jwstpipe.archive.search.name_columns import NAME_COLUMNS
from jwstpipe.archive.search.resolve import name_variants
from jwstpipe.archive.search.search import search
from jwstpipe.errors import ArchiveError, TargetNotFoundError, UsageError
from jwstpipe.requests import SearchRequest
from jwstpipe.requests.fields.angles import position_in
from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.faults import Faults
from jwstpipe.testing.local_archive.mast import ArchiveRows, observation_row
from tests.archive.archive_helpers import settings_for
from tests.archive.loopback import Answer, Loopback

NOW = time.time() / 86400 + 40587


def exposure(n, **columns):
    values = {"ra": 150.0, "dec": 2.0, "filters": "F090W", "t_obs_release": NOW - 1} | columns
    return observation_row(f"jw02733001001_02101_{n:05d}_nrca1", **values)


def combined(name, **columns):
    values = {"ra": 150.0, "dec": 2.0, "filters": "F090W", "t_obs_release": NOW - 1} | columns
    return observation_row(name, **values)


@pytest.fixture
def serve():
    opened = []

    def start(*rows, targets=None):
        opened.append(serve_archive(rows=ArchiveRows(observations=rows, targets=targets or {}), s3=False))
        return opened[-1]

    yield start
    for archive in opened:
        archive.close()
        assert archive.crashes == ()


def found(archive, settings=None, **request):
    return search(SearchRequest(**request), settings=settings or settings_for(archive.server))


def ids(result):
    return list(result.observations["obs_id"]) if len(result.observations) else []


def test_by_programme_with_every_field_kept(serve):
    archive = serve(
        exposure(2),
        exposure(1, target_name="NGC-3132", em_min=800.5),
        observation_row("jw01234001001_02101_00001_nrca1", ra=1, dec=1),
    )
    result = found(archive, program=2733)
    assert ids(result) == [f"jw02733001001_02101_{n:05d}_nrca1" for n in (1, 2)]
    assert (result.reported, result.complete, result.cut, result.position) == (2, True, None, None)
    first = result.observations[0]
    assert (first["target_name"], first["em_min"], first["filters"]) == ("NGC-3132", 800.5, "F090W")
    assert first["s_region"] is np.ma.masked or first["s_region"] == ""
    assert {"intentType", "obsid", "objID", "mtFlag", "jpegURL", "proposal_pi"} <= set(result.observations.colnames)


def test_nothing_found_is_an_empty_table_without_a_warning(serve):
    result = found(serve(exposure(1)), program=9999)
    assert len(result.observations) == 0
    assert (result.reported, result.complete) == (0, True)


@pytest.mark.parametrize(
    ("ra", "dec", "inside", "outside"),
    [
        (150.0, 2.0, [(150.09, 2.0), (150.0, 1.91)], [(150.11, 2.0), (150.075, 2.075)]),
        (0.02, 0.0, [(359.94, 0.0), (0.1, 0.05)], [(359.9, 0.0), (0.13, 0.0)]),
        (150.0, 80.0, [(150.5, 80.0), (149.5, 80.0)], [(150.6, 80.0)]),
        (30.0, 89.95, [(210.0, 89.96), (120.0, 89.96), (30.0, 89.86)], [(210.0, 89.94), (30.0, 89.84)]),
        (30.0, -90.0, [(200.0, -89.91), (0.0, -90.0)], [(200.0, -89.89)]),
    ],
)
def test_a_cone_is_true_on_the_sphere(serve, ra, dec, inside, outside):
    rows = [exposure(n, ra=place[0], dec=place[1]) for n, place in enumerate([*inside, *outside])]
    result = found(serve(*rows), ra=ra, dec=dec, radius=0.1)
    assert ids(result) == [row["obs_id"] for row in rows[: len(inside)]]
    assert result.position.ra.deg == ra
    assert result.position.dec.deg == dec


def test_what_a_sloppy_archive_gives_beyond_the_cone_is_left_out(monkeypatch, serve):
    """A footprint that reaches in counts, wherever its centre is; a row without a place is trusted to the archive."""
    reaching = "POLYGON ICRS 150.05 2.05 150.05 2.3 150.3 2.3 150.3 2.05"
    rows = [
        exposure(1, ra=150.0, dec=60.0),
        exposure(2, ra=150.0, dec=2.09),
        exposure(3, ra=150.17, dec=2.17, s_region=reaching),
        exposure(4, ra=150.09, dec=2.09),
        exposure(5, ra=None, dec=None),
    ]
    archive = serve(*rows)
    monkeypatch.setattr(
        "jwstpipe.testing.local_archive.services._within",
        lambda held, *cone: [{**row, "distance": 0.0} for row in held],
    )
    result = found(archive, ra=150.0, dec=2.0, radius=0.1)
    assert [name[-11:-6] for name in ids(result)] == ["00002", "00003", "00005"]
    assert (result.reported, result.complete) == (5, True)


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"filters": ("f405n",)}, [3]),
        ({"filters": ("F444W",)}, [3, 4]),
        ({"filters": ("F090W", "f770w")}, [1, 2, 5]),
        ({"instrument": "miri"}, [5]),
        ({"instrument": "NIRCam"}, [1, 2, 3, 4]),
        ({"instrument": "NIRCam", "filters": ("F444W",), "ra": 150.0, "dec": 2.0}, [3]),
    ],
)
def test_filters_and_instruments_narrow_in_any_case(serve, request_, wanted):
    archive = serve(
        exposure(1),
        exposure(2),
        exposure(3, filters="F444W;F405N"),
        exposure(4, filters="F444W", ra=10.0),
        exposure(5, filters="F770W", instrument_name="MIRI/IMAGE"),
        exposure(6, filters="F090W", dataproduct_type="spectrum"),
        exposure(7, filters="F090W", obs_collection="HST"),
    )
    result = found(archive, program=2733, **request_)
    assert [int(name[-11:-6]) for name in ids(result)] == wanted


def test_an_instrument_that_jwst_does_not_have(serve):
    archive = serve()
    with pytest.raises(UsageError, match=r"'WFC3'.*NIRCam"):
        found(archive, program=1, instrument="WFC3")
    assert archive.requests == ()


def test_levels(serve):
    archive = serve(
        exposure(1),
        exposure(2, calib_level=1),
        combined("jw02733-o001_t001_nircam_clear-f090w"),
        exposure(3, calib_level=-1),
    )
    names = {
        key: ids(found(archive, program=2733, **({"level": key} if key else {}))) for key in [(3,), (2,), (1,), None]
    }
    assert [len(names[key]) for key in [(3,), (2,), (1,), None]] == [1, 1, 2, 2]
    assert len(ids(found(archive, obs_id="jw02733*"))) == 4
    assert len(ids(found(archive, obs_id="jw02733*", level=(3,)))) == 1


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("jw02733-o001_t001_nircam_clear-f090w", 1),
        ("JW02733-O001_T001_NIRCAM_CLEAR-F090W", 1),
        ("jw02733-o001*", 2),
        ("*f090w", 1),
        ("jw02733-o001_t001_%_clear-f090w", 1),
        ("jw02733-o001_t001", 0),
        ("jw02733-o001.t001*", 0),
    ],
)
def test_by_observation_id_with_wildcards(serve, wanted, count):
    archive = serve(
        combined("jw02733-o001_t001_nircam_clear-f090w"),
        combined("jw02733-o001_t001_nircam_f405n-f444w"),
        combined("jw02733-o002_t001_miri_f770w"),
    )
    assert len(ids(found(archive, obs_id=wanted))) == count


def test_what_is_not_public_yet_is_withheld_and_counted(serve):
    archive = serve(
        exposure(1),
        exposure(2, t_obs_release=NOW + 30),
        exposure(3, dataRights="EXCLUSIVE_ACCESS"),
        exposure(4, t_obs_release=None),
    )
    result = found(archive, program=2733)
    assert [int(name[-11:-6]) for name in ids(result)] == [1, 4]
    assert result.withheld == 2


def test_pages_until_the_reported_count(serve):
    rows = [exposure(n) for n in range(1, 24)]
    archive = serve(*rows)
    seen = []
    settings = settings_for(archive.server, page_size=5)
    result = search(SearchRequest(program=2733), settings=settings, report=seen.append)
    assert ids(result) == sorted(row["obs_id"] for row in rows)
    assert (result.reported, result.complete) == (23, True)
    assert [(progress.done, progress.total) for progress in seen] == [
        (0, 0),
        (5, 23),
        (10, 23),
        (15, 23),
        (20, 23),
        (23, 23),
    ]
    assert archive.count("invoke", "Mast.Caom.Filtered") == 1 + 5


def test_a_failing_page_is_asked_again_alone(serve):
    archive = serve(*[exposure(n) for n in range(1, 24)])
    archive.set_faults(Faults(("invoke",), status=500, skip=3, times=2))
    result = found(archive, settings_for(archive.server, page_size=5), program=2733)
    assert (len(result.observations), result.complete) == (23, True)
    assert archive.count("invoke") == 1 + 5 + 2


def test_an_answer_that_falls_short_is_told(serve, monkeypatch):
    archive = serve(*[exposure(n) for n in range(1, 11)])
    monkeypatch.setattr(portal, "count_rows", lambda *args: 12)
    result = found(archive, settings_for(archive.server, page_size=5), program=2733)
    assert (len(result.observations), result.reported, result.complete) == (10, 12, False)
    assert result.cut == "page 3 ended at row 10 of 12"


def test_rows_that_come_twice_are_kept_once_and_told(serve):
    archive = serve(*[exposure(n) for n in (1, 2, 3, 3, 4)])
    result = found(archive, settings_for(archive.server, page_size=3), program=2733)
    assert len(result.observations) == 4
    assert not result.complete
    assert "1 rows came twice" in result.cut


@pytest.mark.parametrize("name", ["NGC 3132", "ngc3132", "NGC-3132", "  NGC   3132 ", "NGC_3132"])
def test_by_target_however_it_is_spelled(serve, name):
    archive = serve(
        exposure(1, ra=151.7568, dec=-40.4365),
        exposure(2, ra=10.0, dec=2.0),
        targets={"NGC-3132": (151.7568, -40.4365)},
    )
    result = found(archive, target=name, radius=0.05)
    assert len(ids(result)) == 1
    assert result.resolved_name == "NGC 3132"
    assert result.position.ra.deg == pytest.approx(151.7568)


@pytest.mark.parametrize(
    "written",
    [
        "151.7568 -40.4365",
        "151.7568, -40.4365",
        "10:07:01.632 -40:26:11.4",
        "10 07 01.632 -40 26 11.4",
        "10h07m01.632s, -40d26m11.4s",
    ],
)
def test_a_position_may_stand_for_a_name(serve, written):
    """As astropy reads it, without asking a resolver."""
    archive = serve(exposure(1, ra=151.7568, dec=-40.4365), exposure(2, ra=151.9, dec=-40.4365), targets={})
    result = found(archive, target=written, radius=0.05)
    assert ids(result) == ids(found(archive, ra=151.7568, dec=-40.4365, radius=0.05))
    assert len(ids(result)) == 1
    truth = SkyCoord(written.replace(",", " "), unit=("deg" if written[3] == "." else "hourangle", "deg"))
    assert result.position.separation(truth).arcsec < 1e-6


@pytest.mark.parametrize(
    "name", ["NGC 3132", "47 Tuc", "HD 1234 -40", "151.7568 -95", "361 0", "10:61:00 -40:00:00", "12.5", "M 1, 2"]
)
def test_what_is_no_position_is_a_name(name):
    assert position_in(name) is None


def test_spellings_are_tried_in_order():
    assert name_variants("  NGC   3132 ") == ("NGC 3132", "NGC-3132", "NGC3132")
    assert name_variants("NGC3132") == ("NGC3132", "NGC 3132")
    assert name_variants("SMACS_J0723-73") == (
        "SMACS_J0723-73",
        "SMACS J0723 73",
        "SMACS-J0723-73",
        "SMACSJ 072373",
        "SMACSJ072373",
    )
    assert name_variants("ngc 3132") == ("ngc 3132", "ngc-3132", "ngc3132", "NGC 3132", "NGC-3132", "NGC3132")


def test_released_since_and_before(serve):
    day = 60310  # 2024-01-01
    archive = serve(
        *[exposure(n, t_obs_release=day + offset) for n, offset in enumerate((-0.01, 0.0, 5.5, 30.99, 31.0))]
    )
    numbers = {
        (since, before): [
            int(name[-11:-6]) for name in ids(found(archive, released_since=since, released_before=before))
        ]
        for since, before in [("2024-01-01", None), ("2024-01-01", "2024-02-01"), ("2024-01-06", "2024-01-08")]
    }
    assert list(numbers.values()) == [[4, 3, 2, 1], [3, 2, 1], [2]]  # by date alone: the newest first
    assert [int(name[-11:-6]) for name in ids(found(archive, program=2733, released_before="2024-01-01"))] == [0]


def test_days_ago_and_sexagesimal_positions(serve):
    archive = serve(exposure(1, t_obs_release=NOW - 3, ra=151.7575, dec=-40.4364), exposure(2, t_obs_release=NOW - 40))
    assert len(ids(found(archive, released_since="30d"))) == 1
    assert len(ids(found(archive, ra="10:07:01.8", dec="-40:26:11", radius=0.01))) == 1
    assert SearchRequest(ra="10h07m01.8s", dec="-00d30m00s").dec == -0.5
    for ra, dec in [("10:60:00", 0), ("24:00:00", 0), (0, "-90:00:01"), ("nonsense", 0)]:
        with pytest.raises(ValueError, match=r"ra|dec"):
            SearchRequest(ra=ra, dec=dec)


def test_spectra_and_proprietary_observations_come_only_when_asked_for(serve):
    archive = serve(
        exposure(1),
        exposure(2, dataproduct_type="spectrum"),
        exposure(3, dataproduct_type="cube"),
        exposure(4, dataRights="EXCLUSIVE_ACCESS"),
    )
    counts = {
        (spectra, proprietary): len(ids(found(archive, program=2733, spectra=spectra, proprietary=proprietary)))
        for spectra in (False, True)
        for proprietary in (False, True)
    }
    assert counts == {(False, False): 1, (False, True): 2, (True, False): 3, (True, True): 4}


def test_names_stand_beside_the_fields_of_mast(serve):
    archive = serve(
        combined("jw02733-o001_t001_nircam_clear-f090w"), exposure(7), combined("hlsp_strange", proposal_id="2733")
    )
    rows = {row["obs_id"]: row for row in found(archive, program=2733).observations}
    whole, single = rows["jw02733-o001_t001_nircam_clear-f090w"], rows["jw02733001001_02101_00007_nrca1"]
    assert (whole["name_kind"], whole["name_program"], whole["name_observation"]) == ("stage3", "02733", "001")
    assert (single["name_kind"], single["name_exposure"], single["name_detector"]) == ("exposure", "00007", "nrca1")
    assert whole["name_detector"] is np.ma.masked
    assert rows["hlsp_strange"]["name_kind"] == "unknown"
    assert set(archive.rows.observations[0]) | set(NAME_COLUMNS) <= set(single.colnames)


@pytest.mark.exhaustive("test_pages_until_the_reported_count")
def test_twenty_thousand_rows_page_fully(serve):
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(149, 151, 20_000), rng.uniform(1, 3, 20_000)
    rows = [
        combined(f"jw{1 + n // 1000:05d}-o{n % 1000:03d}_t001_nircam_clear-f090w", ra=float(a), dec=float(d))
        for n, (a, d) in enumerate(zip(ra, dec, strict=True))
    ]
    archive = serve(*rows)
    result = found(archive, released_since="2000-01-01")
    assert (len(result.observations), result.reported, result.complete) == (20_000, 20_000, True)
    assert set(result.observations["obs_id"]) == {row["obs_id"] for row in rows}
    assert archive.count("invoke", "Mast.Caom.Filtered") == 1 + 4


@pytest.mark.parametrize(
    ("ra", "dec"), [(30.0, 89.9), (211.0, -89.9), (0.0, 0.0), (359.99, 45.0), (0.05, -20.0), (90, 90)]
)
def test_a_cone_holds_exactly_what_lies_within_the_great_circle_distance(serve, monkeypatch, ra, dec):
    """Positions thrown around the centre, most of them close to the rim; the archive is made to give them all."""
    rng = np.random.default_rng(5)
    centre = SkyCoord(ra, dec, unit="deg")
    radius = 0.3
    away = np.where(rng.random(400) < 0.5, radius * (1 + rng.normal(0, 1e-6, 400)), rng.uniform(0, 2 * radius, 400))
    points = centre.directional_offset_by(rng.uniform(0, 360, 400) * u.deg, away * u.deg)
    rows = [exposure(n, ra=float(p.ra.deg), dec=float(p.dec.deg)) for n, p in enumerate(points)]
    monkeypatch.setattr("jwstpipe.testing.local_archive.services._within", lambda held, *cone: [*held])
    inside = centre.separation(points).deg <= radius
    assert set(ids(found(serve(*rows), ra=ra, dec=dec, radius=radius))) == {
        row["obs_id"] for row, within in zip(rows, inside, strict=True) if within
    }
    assert 0 < inside.sum() < 400


def test_an_unknown_target_names_what_was_tried(serve):
    archive = serve(exposure(1))
    with pytest.raises(TargetNotFoundError, match=r"'NGC 9999X', 'NGC-9999X', 'NGC9999X'.*a position"):
        found(archive, target="NGC  9999X")
    assert archive.count("invoke", "Mast.Name.Lookup") == 3


def test_a_name_known_in_one_spelling_only(serve, monkeypatch):
    asked = []

    def answers(portal, service, params):
        asked.append(params["input"])
        known = {"resolvedCoordinate": [{"ra": None}, {"ra": 361.0, "decl": -5.0, "canonicalName": "Cas A"}]}
        return known if params["input"] == "Cas-A" else {"resolvedCoordinate": []}

    monkeypatch.setattr(resolve, "known_answer", answers)
    resolved = resolve.resolve_name(None, "Cas A")
    assert asked == ["Cas A", "Cas-A"]
    assert (resolved.name, resolved.ra, resolved.dec) == ("Cas A", 1.0, -5.0)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(("invoke",), status=503), "HTTP 503"),
        (Faults(("invoke",), status=403), "HTTP 403"),
        (Faults(("columns",), status=500), "HTTP 500"),
        (Faults(("invoke",), error="database is tired"), "database is tired"),
        (Faults(("invoke",), body="html"), "not MAST's"),
        (Faults(("invoke",), body="none"), "connection lost"),
        (Faults(("columns",), body="html"), "not MAST's"),
    ],
)
def test_an_archive_that_fails_for_ever_is_named_with_a_way_out(serve, faults, says):
    archive = serve(exposure(1))
    archive.set_faults(faults)
    with pytest.raises(ArchiveError, match=f"{says}.*archive.server") as caught:
        found(archive, program=2733)
    assert "\n" not in str(caught.value)
    if faults.status != 403:
        assert archive.server in str(caught.value)
        assert len(archive.requests) <= 1 + 3


@pytest.mark.parametrize(
    "faults",
    [
        Faults(("invoke",), status=502, times=2),
        Faults(("columns",), status=503, times=1),
        Faults(("invoke",), error="deadlocked", times=1),
        Faults(("invoke",), executing=True, times=2),
        Faults(("invoke",), body="short", times=2),
        Faults(("invoke",), body="html", times=1),
    ],
)
def test_a_fault_that_passes_is_not_noticed(serve, faults):
    archive = serve(exposure(1))
    archive.set_faults(faults)
    assert len(found(archive, program=2733).observations) == 1


def test_an_archive_that_hangs_is_given_up_in_time(serve):
    archive = serve(exposure(1))
    archive.set_faults(Faults(("invoke",), delay_s=20))  # whoever waited would get an answer
    with pytest.raises(ArchiveError, match="no answer in time"):
        found(archive, settings_for(archive.server, timeout_s=0.1, attempts=2), program=2733)


def test_an_archive_that_sends_on_elsewhere_is_not_followed():
    with Loopback(lambda ask: Answer(200, {}, b"{}")) as inside:
        with (
            Loopback(lambda ask: Answer(307, {"Location": f"{inside.address}{ask.path}"})) as server,
            pytest.raises(ArchiveError, match="not part of the archive; refused"),
        ):
            search(SearchRequest(program=1), settings=settings_for(server.address))
        assert inside.asked == []


def test_an_archive_that_is_not_there():
    with pytest.raises(ArchiveError, match=r"127\.0\.0\.1:9.*connection lost.*check archive\.server"):
        search(SearchRequest(program=1), settings=settings_for("http://127.0.0.1:9", attempts=1))


def test_a_web_server_that_is_no_archive():
    with (
        Loopback(lambda ask: Answer(200, {}, b'{"hello": "world"}')) as server,
        pytest.raises(ArchiveError, match="is this a MAST server"),
    ):
        search(SearchRequest(program=1), settings=settings_for(server.address))


def test_searches_of_two_archives_at_once_do_not_meet(serve):
    """astroquery keeps addresses and column descriptions for the whole process; ours must not."""
    archives = [serve(exposure(1)), serve(exposure(2), exposure(3))]
    counts = {}

    def run(n):
        counts[n] = [len(found(archives[n], program=2733).observations) for _ in range(3)]

    threads = [threading.Thread(target=run, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {0: [1, 1, 1], 1: [2, 2, 2]}

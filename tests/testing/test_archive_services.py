import json
from pathlib import Path

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astroquery.exceptions import InvalidQueryError, NoResultsWarning, RemoteServiceError
from astroquery.mast import MastClass, ObservationsClass, utils

from jwstpipe.errors import ServiceError, UsageError
from jwstpipe.testing.local_archive.archive import LocalArchive, serve_archive
from jwstpipe.testing.local_archive.columns import OBSERVATION_TYPES, PRODUCT_TYPES
from jwstpipe.testing.local_archive.faults import Faults
from jwstpipe.testing.local_archive.listing import archive_rows
from jwstpipe.testing.local_archive.mast import ArchiveRows, observation_row
from tests.testing.archive_folder import CALS, I2DS, TARGET, fill, write_file
from tests.waiting import LIMIT_SECONDS

DATA = Path(__file__).parents[2].parent / "shared" / "data"
F090W = "jw02733-o001_t001_nircam_clear-f090w"


def client(archive, kind=ObservationsClass):
    """Make astroquery's client of this archive: only the server's address differs from the real one."""
    made = kind()
    portal = made._portal_api_connection
    portal.MAST_REQUEST_URL = f"{archive.server}/api/v0/invoke"
    portal.COLUMNS_CONFIG_URL = f"{archive.server}/portal/Mashup/Mashup.asmx/columnsconfig"
    portal.MAST_DOWNLOAD_URL = f"{archive.server}/api/v0.1/Download/file"
    portal._column_configs = {}
    return made


@pytest.fixture(scope="module")
def many():
    """20,000 synthetic observations: all over the sky, crowded around the pole and around RA 0."""
    rng = np.random.default_rng(5)
    ra = np.concatenate([rng.uniform(0, 360, 14000), rng.uniform(-0.5, 0.5, 3000) % 360, rng.uniform(0, 360, 3000)])
    sine = rng.uniform(-1, 1, 14000)
    dec = np.concatenate([np.degrees(np.arcsin(sine)), rng.uniform(-0.5, 0.5, 3000), rng.uniform(89, 90, 3000)])
    rows = tuple(
        observation_row(f"jw{1 + n // 100:05d}-o{n % 100:03d}_t001_nircam_clear-f200w", ra=float(a), dec=float(d))
        for n, (a, d) in enumerate(zip(ra, dec, strict=True))
    )
    with serve_archive(rows=ArchiveRows(observations=rows), s3=False) as archive:
        yield archive, SkyCoord(ra, dec, unit="deg")


def names(table):
    return sorted(str(name) for name in table["obs_id"])


def test_criteria_select_as_at_mast(archive):
    mast = client(archive)
    combined = mast.query_criteria(obs_collection="JWST", proposal_id="2733", calib_level=3)
    assert names(combined) == sorted(name.removesuffix("_i2d.fits") for name in I2DS)
    exposures = mast.query_criteria(proposal_id=["2733"], calib_level=[2])
    assert names(exposures) == sorted(name.removesuffix("_cal.fits") for name in CALS)
    assert names(mast.query_criteria(filters="F090W", calib_level=3)) == [F090W]
    assert len(mast.query_criteria(instrument_name="MIRI/IMAGE")) == 2
    assert len(mast.query_criteria(instrument_name=["miri*"])) == 2
    with pytest.warns(NoResultsWarning):
        assert len(mast.query_criteria(proposal_id="02733")) == 0


def test_each_element_of_a_compound_filter_is_found(archive):
    mast = client(archive)
    for name in ("F444W", "F405N", "F444W;F405N"):
        rows = mast.query_criteria(filters=name, calib_level=3)
        assert list(rows["filters"]) == ["F444W;F405N"], name
    assert rows["em_min"][0] < 4050 < rows["em_max"][0] < 4150, "the narrow band decides"


def test_times_and_wildcards_select(archive):
    mast = client(archive)
    released = mast.query_criteria(t_obs_release=[59733.0, 59735.7], obs_collection="JWST")
    assert sorted(released["t_obs_release"]) == pytest.approx([59733.6, 59734.6, 59735.6])
    assert len(mast.query_criteria(obs_id="jw02733-o001*")) == 2
    assert len(mast.query_criteria(obs_id=["jw02733-o001*", "jw02733-o002_t001_miri_f770w"])) == 3
    assert names(mast.query_criteria(obs_id=F090W.upper())) == [F090W]


def test_counts_equal_the_rows(archive):
    mast = client(archive)
    assert mast.query_criteria_count(obs_collection="JWST") == 7
    place = SkyCoord(*TARGET, unit="deg")
    assert mast.query_region_count(place, radius="20 arcsec") == len(mast.query_region(place, radius="20 arcsec"))
    assert mast.query_criteria_count(coordinates=place, radius="10 arcsec", calib_level=2) == 2


def test_rows_tell_what_the_headers_say(archive):
    row = client(archive).query_criteria(obs_id=F090W)[0]
    assert (row["target_name"], row["proposal_id"], row["proposal_pi"]) == ("NGC-3132", "2733", "Pontoppidan, Klaus M.")
    assert (row["t_min"], row["t_max"], row["t_exptime"]) == pytest.approx((59737.5, 59737.6, 304.0))
    assert (row["s_ra"], row["s_dec"]) == pytest.approx((TARGET[0] + 0.008, TARGET[1]), abs=1e-7)
    assert row["em_min"] < 900 < row["em_max"]
    assert row["s_region"].startswith("POLYGON ICRS")
    assert row["dataURL"] == f"mast:JWST/product/{F090W}_i2d.fits"


@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [(0.0, 0.0, 0.2), (359.9, 0.1, 0.3), (0.0, 89.9, 0.5), (180.0, 89.9, 0.2), (83.8, -5.4, 5.0), (10.0, -90.0, 8.0)],
)
def test_cones_agree_with_astropy(many, ra, dec, radius):
    archive, sky = many
    place = SkyCoord(ra, dec, unit="deg")
    truth = sky.separation(place).deg
    inside = np.flatnonzero(truth <= radius)
    table = client(archive).query_region(place, radius=radius)
    assert names(table) == sorted(str(archive.rows.observations[index]["obs_id"]) for index in inside)
    by_name = {str(archive.rows.observations[index]["obs_id"]): truth[index] * 3600 for index in inside}
    # 1e-6 arcsec: rounding of unit vectors, 1e-16 rad a component, grows no more than this at degrees
    assert [by_name[str(row["obs_id"])] for row in table] == pytest.approx(list(table["distance"]), abs=1e-6)


def test_pages_together_are_the_whole_answer(many):
    archive, _ = many
    archive.forget()
    mast = client(archive)
    whole = mast.query_criteria(proposal_id=[str(number) for number in range(1, 11)])
    paged = mast.query_criteria(proposal_id=[str(number) for number in range(1, 11)], pagesize=150)
    assert len(whole) == 1000
    assert list(paged["obs_id"]) == list(whole["obs_id"])
    assert archive.count("invoke", "Mast.Caom.Filtered") == 1 + 7
    third = mast.query_criteria(proposal_id=[str(number) for number in range(1, 11)], pagesize=150, page=3)
    assert list(third["obs_id"]) == list(whole["obs_id"][300:450])
    assert mast.query_criteria_count(obs_collection="JWST") == 20_000


def test_product_keys_of_twenty_thousand_observations_differ(many):
    archive, _ = many
    assert len({row["obsid"] for row in archive.rows.observations}) == 20_000


def test_a_combined_observation_lists_its_members_too(archive):
    mast = client(archive)
    whole = mast.query_criteria(obs_id=F090W)
    products = mast.get_product_list(whole)
    science = mast.filter_products(products, productType="SCIENCE", extension="fits")
    members = [name for name, band in CALS.items() if band == "f090w"]
    assert sorted(science["productFilename"]) == sorted([f"{F090W}_i2d.fits", *members])
    cal = science[science["productSubGroupDescription"] == "CAL"]
    assert set(cal["calib_level"]) == {2}
    assert set(cal["obs_id"]) == {name.removesuffix("_cal.fits") for name in members}
    assert set(products["parent_obsid"]) == {str(whole["obsid"][0])}
    assert set(products["productType"]) == {"SCIENCE", "PREVIEW", "INFO", "AUXILIARY"}
    assert list(mast.filter_products(products, mrp_only=True)["productFilename"]) == [f"{F090W}_i2d.fits"]


def test_a_product_stands_in_several_lists(archive):
    mast = client(archive)
    products = mast.get_product_list(mast.query_criteria(filters="F090W"))
    name = next(iter(CALS))
    assert list(products["productFilename"]).count(name) == 2
    unique = mast.get_unique_product_list(mast.query_criteria(filters="F090W"))
    assert list(unique["productFilename"]).count(name) == 1


def test_sizes_are_those_of_the_bytes_served(archive):
    products = client(archive).get_product_list(client(archive).query_criteria(obs_collection="JWST"))
    sizes = {str(row["dataURI"]): int(row["size"]) for row in products}
    with requests.Session() as session:
        for uri, size in sizes.items():
            answer = session.get(f"{archive.server}/api/v0.1/Download/file", params={"uri": uri}, timeout=LIMIT_SECONDS)
            assert (answer.status_code, len(answer.content)) == (200, size), uri
    asn = next(uri for uri in sizes if uri.endswith("00001_asn.json"))
    content = requests.get(
        f"{archive.server}/api/v0.1/Download/file", params={"uri": asn}, timeout=LIMIT_SECONDS
    ).json()
    members = [member["expname"] for member in content["products"][0]["members"]]
    assert members == [name for name, band in CALS.items() if band == "f090w"]


@pytest.mark.parametrize("spelling", ["NGC 3132", "NGC-3132", "NGC3132", "ngc 3132", "ngc_3132"])
def test_names_resolve_however_they_are_spelled(archive, monkeypatch, spelling):
    mast = client(archive, MastClass)
    answer = mast.service_request_async("Mast.Name.Lookup", {"input": spelling, "format": "json"})[0].json()
    (found,) = answer["resolvedCoordinate"]
    assert (found["ra"], found["decl"], found["canonicalName"]) == (*TARGET, "NGC 3132")

    def local(url, params):
        return requests.get(
            url.replace("http://mastresolver.stsci.edu", archive.server), params=params, timeout=LIMIT_SECONDS
        )

    monkeypatch.setattr(utils, "_simple_request", local)
    assert utils.resolve_object(spelling).separation(SkyCoord(*TARGET, unit="deg")).arcsec < 1e-6


def test_an_unknown_name_resolves_to_nothing(archive):
    answer = client(archive, MastClass).service_request_async("Mast.Name.Lookup", {"input": "M 31", "format": "json"})
    assert answer[0].json() == {"resolvedCoordinate": [], "status": ""}


def test_long_polls_end_and_errors_arrive(archive):
    mast = client(archive)
    archive.set_faults(Faults(at=("invoke",), executing=True, times=2))
    assert mast.query_criteria_count(obs_collection="JWST") == 7
    assert archive.count("invoke") == 3
    archive.set_faults(Faults(at=("invoke",), error="the database is asleep", only="Caom.Products"))
    found = mast.query_criteria(filters="F770W")
    with pytest.raises(RemoteServiceError, match="asleep"):
        mast.get_product_list(found)
    with pytest.raises(RemoteServiceError, match="Unknown service"):
        client(archive, MastClass).service_request("Mast.Catalogs.Gaia", {})
    with pytest.raises(RemoteServiceError, match="missing parameter 'radius'"):
        client(archive, MastClass).service_request("Mast.Caom.Cone", {"ra": 1, "dec": 2})


def test_queries_come_by_get_too_and_nonsense_is_an_error(archive):
    invoke = f"{archive.server}/api/v0/invoke"
    request = {"service": "Mast.Caom.Filtered", "params": {"columns": "obs_id, s_ra", "filters": []}}
    answer = requests.get(invoke, params={"request": json.dumps(request)}, timeout=LIMIT_SECONDS).json()
    assert (len(answer["data"]), set(answer["data"][0])) == (7, {"obs_id", "s_ra"})
    for nonsense in ("{", "[]", "", json.dumps({"service": "Mast.Caom.Cone", "params": {"ra": "x"}})):
        answer = requests.post(invoke, data={"request": nonsense}, timeout=LIMIT_SECONDS)
        assert (answer.status_code, answer.json()["status"]) == (200, "ERROR")


def test_every_column_can_be_asked_for(archive):
    mast = client(archive)
    assert set(mast.get_metadata("observations")["Column Name"]) == {*OBSERVATION_TYPES, "distance"}
    assert set(mast.get_metadata("products")["Column Name"]) == set(PRODUCT_TYPES)
    with pytest.raises(InvalidQueryError, match="Did you mean"):
        mast.query_criteria(calib_levels=3)
    row = mast.query_criteria(obs_id=F090W)[0]
    continuous = {name for name, kind in OBSERVATION_TYPES.items() if kind == "float"} - {"srcDen"}
    criteria = {name: [row[name] - 1e-9, row[name] + 1e-9] for name in continuous}
    criteria |= {"obsid": row["obsid"], "dataRights": "PUBLIC", "mtFlag": "False", "calib_level": 3}
    assert names(mast.query_criteria(**criteria)) == [F090W]


@pytest.mark.parametrize(("recorded", "types"), [("caom", OBSERVATION_TYPES), ("products", PRODUCT_TYPES)])
def test_fields_have_the_types_of_recorded_answers(recorded, types):
    path = DATA / "mast" / f"{recorded}.json"
    if not path.is_file():
        pytest.skip(f"no recorded MAST answers at {path.parent}")
    fields = {field["name"]: field["type"] for field in json.loads(path.read_text())["fields"]}
    for name in ("_selected_", "distance"):
        fields.pop(name, None)
    assert {name: types.get(name) for name in fields} == fields


def test_new_files_are_seen_after_a_rescan(tmp_path):
    with serve_archive(fill(tmp_path), s3=False) as archive:
        mast = client(archive)
        write_file(tmp_path / "jw02733001001_02101_00003_nrca1_cal.fits", "f090w", ra=TARGET[0], dec=TARGET[1], seed=50)
        assert mast.query_criteria_count(proposal_id="2733") == 7
        before = {row["obs_id"]: row["obsid"] for row in archive.rows.observations}
        archive.rescan()
        assert mast.query_criteria_count(proposal_id="2733") == 8
        after = {row["obs_id"]: row["obsid"] for row in archive.rows.observations}
        assert {name: after[name] for name in before} == before


def test_rows_can_be_changed(folder):
    rows = archive_rows(folder).changed(F090W, dataRights="EXCLUSIVE_ACCESS", t_obs_release=99999.0)
    with serve_archive(folder, rows=rows, s3=False) as archive:
        mast = client(archive)
        assert names(mast.query_criteria(dataRights="EXCLUSIVE_ACCESS")) == [F090W]
        assert mast.query_criteria_count(t_obs_release=[0, 70000]) == 6
        uri = f"mast:JWST/product/{F090W}_i2d.fits"
        answer = requests.get(f"{archive.server}/api/v0.1/Download/file", params={"uri": uri}, timeout=LIMIT_SECONDS)
        assert answer.status_code == 401
        lookup = requests.get(
            f"{archive.server}/api/v0.1/path_lookup/", params={"uri": uri}, timeout=LIMIT_SECONDS
        ).json()
        assert lookup[uri]["path"] is None
    with pytest.raises(UsageError, match="no column 'colour'"):
        rows.changed(F090W, colour="red")
    with pytest.raises(UsageError, match="no observation"):
        rows.changed("jw1", dataRights="PUBLIC")


def test_paths_are_looked_up_as_at_mast(archive, monkeypatch):
    def local(url, params):
        return requests.get(url.replace("https://mast.stsci.edu", archive.server), params=params, timeout=LIMIT_SECONDS)

    monkeypatch.setattr(utils, "_simple_request", local)
    uris = [f"mast:JWST/product/{name}" for name in (*CALS, *I2DS)]
    paths = utils.mast_relative_path([*uris, "mast:JWST/product/no_such_i2d.fits"], verbose=False)
    assert paths[0] == f"jwst/public/jw02733/jw02733001001/{next(iter(CALS))}"
    assert paths[len(CALS)] == f"jwst/public/jw02733/L3/t/o001/{next(iter(I2DS))}"
    assert paths[-1] is None


def test_an_archive_needs_something_to_serve(tmp_path):
    with pytest.raises(UsageError, match="needs a folder"):
        serve_archive()
    with pytest.raises(UsageError, match="not a folder"):
        serve_archive(tmp_path / "absent")
    with serve_archive(rows=ArchiveRows()) as empty:
        with pytest.raises(ServiceError, match="Address already in use; choose port 0"):
            serve_archive(rows=ArchiveRows(), port=int(empty.server.rpartition(":")[2]))
        assert isinstance(empty, LocalArchive)
        with pytest.raises(UsageError, match="no folder"):
            empty.rescan()

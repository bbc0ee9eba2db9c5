"""Answers that MAST once gave, read by our client; kept apart because they are not of JWST.

Two recorded answers are not read: ``mission_products`` and ``mission_results`` are of the search of single missions
(``/search/<mission>/api``), which is another service than the portal and which jwstpipe does not ask: what it gives of
JWST, the portal gives too.
"""

import json
from urllib.parse import unquote

import numpy as np
import pytest

from jwstpipe.archive.http import Sessions
from jwstpipe.archive.search.portal import all_rows, build_filters, count_rows, open_portal
from jwstpipe.archive.search.resolve import resolve_name
from jwstpipe.archive.search.search import search
from jwstpipe.archive.transfer.sources.mirror import look_up_keys
from jwstpipe.errors import ArchiveError, UsageError
from jwstpipe.requests import SearchRequest
from jwstpipe.sky.regions import distance_to_region_deg, separation_deg
from tests.archive.archive_helpers import settings_for
from tests.archive.loopback import Answer, Loopback

READ = {
    "caom", "advSearch", "advSearchPos", "products", "resolver", "columnsconfig", "mast_relative_path", "countsResp",
}  # fmt: skip


@pytest.fixture
def mast(shared_data):
    """A server that gives the recorded answer for each service."""
    held = {name: (shared_data / "mast" / f"{name}.json").read_bytes() for name in READ}

    def answer(ask):
        if "columnsconfig" in ask.path:
            return Answer(200, {}, held["columnsconfig"])
        if "path_lookup" in ask.path:
            return Answer(200, {}, held["mast_relative_path"])
        request = json.loads(unquote(ask.body.decode()).removeprefix("request="))
        if "COUNT" in request["params"].get("columns", ""):
            here = "Position" in request["service"]
            return Answer(200, {}, held["countsResp"].replace(b"599", b"14") if here else held["countsResp"])
        names = {
            "Mast.Caom.Cone": "caom", "Mast.Caom.Filtered": "advSearch", "Mast.Caom.Filtered.Position": "advSearchPos",
            "Mast.Caom.Products": "products", "Mast.Name.Lookup": "resolver",
        }  # fmt: skip
        return Answer(200, {}, held[names[request["service"]]])

    with Loopback(answer) as server:
        yield settings_for(server.address)


def test_recorded_observations_become_typed_rows(mast):
    rows = all_rows(open_portal(mast), "Mast.Caom.Cone", {"ra": 23.0, "dec": 60.6, "radius": 0.1})
    assert (len(rows.table), rows.reported, rows.cut) == (19, 19, None)
    first = rows.table[0]
    assert (first["obs_id"], first["filters"], first["calib_level"]) == ("U27XCS01T", "F814W", 3)
    assert first["s_ra"] == pytest.approx(23.11817129395)
    assert "_selected_" not in rows.table.colnames


def test_recorded_products_and_counts(mast):
    portal = open_portal(mast)
    rows = all_rows(portal, "Mast.Caom.Products", {"obsid": "2003738726"})
    assert len(rows.table) == 22
    assert rows.table["dataURI"][0] == "mast:HST/product/u9o40504m_c3m.fits"
    assert count_rows(portal, "Mast.Caom.Filtered", {"filters": []}) == 599


def test_recorded_columns_tell_how_to_filter(mast):
    filters = build_filters(
        open_portal(mast),
        "Mast.Caom.Filtered",
        {"obs_collection": ["JWST"], "instrument_name": ["NIRCAM*"], "calib_level": [2, 3], "t_obs_release": [0, 6e4]},
    )
    assert filters == [
        {"paramName": "obs_collection", "separator": ";", "values": ["JWST"]},
        {"paramName": "instrument_name", "values": [], "freeText": "NIRCAM%"},
        {"paramName": "calib_level", "values": ["2", "3"]},
        {"paramName": "t_obs_release", "values": [{"min": 0, "max": 6e4}]},
    ]


def test_the_recorded_resolver_answer(mast):
    resolved = resolve_name(open_portal(mast), "TIC 307210830")
    assert (resolved.name, resolved.resolver) == ("TIC 307210830", "TIC")
    assert resolved.ra == pytest.approx(124.531756290083)
    assert resolved.dec == pytest.approx(-68.3129998725044)


def test_the_recorded_path_lookup(mast):
    sessions = Sessions(mast)
    uris = ["mast:HST/product/u9o40504m_c3m.fits", "mast:HST/product/does_not_exist.fits"]
    assert look_up_keys(uris, settings=mast, sessions=sessions) == {
        uris[0]: "hst/public/u9o4/u9o40504m/u9o40504m_c3m.fits",
        uris[1]: None,
    }
    sessions.close()


def test_other_missions_are_left_out_and_a_short_answer_is_told(mast):
    result = search(SearchRequest(ra=210.8, dec=54.35, radius=0.2), settings=mast)
    assert len(result.observations) == 0
    assert (result.reported, result.complete) == (14, False)


def test_the_archive_matches_footprints_not_centres(mast):
    """So must the check of the cone: half of the recorded rows have their centre outside and the target inside."""
    table = all_rows(open_portal(mast), "Mast.Caom.Filtered.Position", {"filters": []}).table
    centre, region = [], []
    for row in table:
        centre.append(separation_deg(210.80227, 54.34895, row["s_ra"], row["s_dec"]))
        region.append(distance_to_region_deg(210.80227, 54.34895, str(row["s_region"])))
    assert max(region) <= 0.2
    assert max(centre) > 0.5


def test_every_recorded_answer_of_the_services_that_are_asked_is_read(shared_data):
    held = {path.stem for path in (shared_data / "mast").glob("*.json")}
    assert held - READ == {"mission_products", "mission_results"}


def test_recorded_filtered_observations_become_typed_rows(mast, shared_data):
    recorded = json.loads((shared_data / "mast" / "advSearch.json").read_bytes())["data"]
    table = all_rows(open_portal(mast), "Mast.Caom.Filtered", {"filters": []}).table
    assert list(table["obsid"]) == [str(row["obsid"]) for row in recorded]
    assert list(table["s_ra"]) == pytest.approx([row["s_ra"] for row in recorded])


@pytest.mark.parametrize("service", ["Mast.Caom.Cone", "Mast.Caom.Filtered", "Mast.Caom.Products"])
def test_tables_are_those_that_astroquery_makes(mast, service):
    portal = open_portal(mast)
    ours = all_rows(portal, service, {"filters": []}).table
    theirs = portal.connection.service_request(service, {"filters": []})
    assert ours.colnames == theirs.colnames
    for name in ours.colnames:
        assert ours[name].dtype == theirs[name].dtype
        assert (ours[name].mask == theirs[name].mask).all()
        np.testing.assert_array_equal(ours[name].filled(), theirs[name].filled())


def test_filters_are_those_that_astroquery_makes(mast):
    portal = open_portal(mast)
    criteria = {"obs_collection": ["JWST"], "Filters": ["F090W*", "F200W"], "t_obs_release": [5.0, 9.0]}
    theirs = portal.connection.build_filter_set("Mast.Caom.Cone", **criteria)
    assert build_filters(portal, "Mast.Caom.Cone", criteria) == theirs
    with pytest.raises(ArchiveError, match="no column colour is described"):
        build_filters(portal, "Mast.Caom.Cone", {"colour": ["red"]})
    with pytest.raises(UsageError, match="one pattern at a time"):
        build_filters(portal, "Mast.Caom.Cone", {"filters": ["F0*", "F1*"]})
    with pytest.raises(ArchiveError, match="t_obs_release is described as one of numbers"):
        build_filters(portal, "Mast.Caom.Cone", {"t_obs_release": ["yesterday"]})

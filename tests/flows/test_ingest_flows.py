"""The flows around the archive: ingest, refresh, watch; with a real Prefect server."""

import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.errors import NotFoundError, PartialError
from jwstpipe.requests import IngestRequest, RefreshMetadataRequest, WatchProgramsRequest
from jwstpipe.settings import load_settings
from tests.world import TARGET

WATCHLIST = f"""
[[watch]]
name = "nebula"
target = "{TARGET}"
level = [3]
"""


def test_ingest_fetches_once_and_refresh_reads_anew(site):
    from jwstpipe.flows.ingest import ingest
    from jwstpipe.flows.refresh_metadata import refresh_metadata

    request = IngestRequest(target=TARGET, level=(3,))
    first = ingest(request)
    assert first.files > 0
    assert first.bytes_moved > 0
    again = ingest(request)
    assert (again.files, again.bytes_moved) == (first.files, 0)
    assert {product.reused for product in first.products} == {False}
    with open_catalog(load_settings().catalog_address) as catalog:
        assert len(catalog.find()) == first.files
    assert refresh_metadata(RefreshMetadataRequest()).files == 0
    assert refresh_metadata(RefreshMetadataRequest(complete=True)).counts["refreshed"] == first.files
    with pytest.raises(NotFoundError, match="no public files"):
        ingest(IngestRequest(program=4242))


def test_a_watch_list_is_looked_after_round_by_round(site, tmp_path):
    from jwstpipe.flows.watch_programs import watch_programs

    path = tmp_path / "watch.toml"
    path.write_text(WATCHLIST)
    request = WatchProgramsRequest(watchlist=str(path))
    first = watch_programs(request)
    assert first.counts["new of nebula"] == first.files > 0
    site.forget()
    second = watch_programs(request)
    assert (second.counts["new of nebula"], second.bytes_moved) == (0, 0)
    path.write_text(WATCHLIST + '[[watch]]\nname = "nowhere"\ntarget = "NGC 9999"\n')
    with pytest.raises(PartialError, match=r"1 of 2 entries failed.*nowhere.*NGC 9999"):
        watch_programs(request)


def test_what_is_new_and_what_can_be_made_stand_on_the_pages_of_runs(site):
    from jwstpipe.flows.discover import discover
    from jwstpipe.requests.discovery import DiscoverRequest
    from tests.world import TARGET

    new = discover(DiscoverRequest(recent="3650d"))
    assert new.counts["targets released"] >= 1
    made = discover(DiscoverRequest(target=TARGET, radius=0.1))
    assert made.counts["pictures"] >= 1
    assert (made.products, made.bytes_moved) == ((), 0)

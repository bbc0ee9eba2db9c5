"""What cannot work is refused before a run begins, and nothing that may work is."""

import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.errors import NotFoundError, TargetNotFoundError
from jwstpipe.jobs.feasible import refuse_impossible
from jwstpipe.jobs.kinds import KINDS
from jwstpipe.jobs.server import api_address
from jwstpipe.requests import MosaicRequest, ProcessTargetRequest
from jwstpipe.settings import load_settings
from tests.catalog.catalog_records import make_record
from tests.world import TARGET


@pytest.fixture
def settings(tiny_world, tmp_path, monkeypatch):
    """A site on the tiny archive, whose own server would carry the runs out."""
    from tests.world import variables

    _, archive = tiny_world
    archive.set_faults()
    for key, value in variables(archive, tmp_path / "home").items():
        monkeypatch.setenv(key, value)
    found = load_settings()
    monkeypatch.setattr("jwstpipe.jobs.feasible.running_server", lambda home: api_address(found))
    return found


def ask(settings, name, request):
    refuse_impossible(KINDS[name], request, settings)


def test_a_target_that_no_resolver_knows_is_refused_and_any_other_is_not(settings):
    with pytest.raises(TargetNotFoundError, match=r"no resolver knows 'NGC 9999' \(tried .*NGC9999"):
        ask(settings, "process_target", ProcessTargetRequest(target="NGC 9999"))
    for target in (TARGET, TARGET.lower().replace(" ", "-"), "83.8 -5.4"):
        ask(settings, "process_target", ProcessTargetRequest(target=target))
    ask(settings, "process_target", ProcessTargetRequest(target="NGC 9999", observations=("jw09999-o001",)))


def test_an_archive_that_does_not_answer_refuses_nothing(settings):
    away = settings.archive.model_copy(update={"server": "http://127.0.0.1:9"})
    gone = settings.model_copy(update={"archive": away})
    ask(gone, "process_target", ProcessTargetRequest(target="NGC 9999"))


def test_a_selection_of_which_the_catalogue_has_nothing_is_refused(settings):
    ask(settings, "mosaic", MosaicRequest(target="M 51"))  # no catalogue is no answer
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_catalog(settings.catalog_address) as catalog:
        catalog.publish(make_record(1, target="M 51", filter="F200W"))
    ask(settings, "mosaic", MosaicRequest(target="m51", filters=("f200w",), instrument="nircam"))
    ask(settings, "mosaic", MosaicRequest())
    for chosen in ({"target": "M 52"}, {"target": "M 51", "filters": ("F444W",)}, {"instrument": "MIRI"}):
        with pytest.raises(NotFoundError, match=r"the catalogue has nothing of it; jwstpipe catalog find"):
            ask(settings, "mosaic", MosaicRequest(**chosen))


def test_the_runs_of_another_server_are_its_own_affair(settings, monkeypatch):
    monkeypatch.setattr("jwstpipe.jobs.feasible.running_server", lambda home: None)
    ask(settings, "process_target", ProcessTargetRequest(target="NGC 9999"))

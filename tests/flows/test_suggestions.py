"""Pictures that discovery suggests, made end to end: the picture says of itself what the suggestion said."""

import json
import re
import shutil

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

import jwstpipe
from jwstpipe.cli.main import main
from jwstpipe.display.presets.load import load_preset
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests import ProcessTargetRequest, validated
from jwstpipe.settings import load_settings
from jwstpipe.viewer.server import discoveries
from jwstpipe.viewer.server.library import Library
from tests.prefect_server import nothing_deployed_behind
from tests.world import FILTERS, TARGET

IDS = tuple(f"jw09999-o001_t001_nircam_clear-{name.lower()}" for name in FILTERS)


@pytest.fixture
def command(capsys, finished, prefect_server, monkeypatch):
    monkeypatch.setenv("JWSTPIPE_PREFECT_API", prefect_server.api)

    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        assert ended.value.code == 0, said.err
        return [json.loads(line) for line in said.out.splitlines()]

    return call


def run(**values):
    from jwstpipe.flows.process_target import process_target

    return process_target(ProcessTargetRequest(**values))


def picture_of(products):
    """Give the address of the picture, and what stands in the file about its channels."""
    (where,) = [one["where"] for one in products if one["kind"] == "picture"]
    with Image.open(where) as opened:
        (packet,) = [text for text in opened.text.values() if "jwstpipe:Recipe" in text]
    found = re.search(r"<jwstpipe:Recipe>(.*?)</jwstpipe:Recipe>", packet, re.DOTALL)
    return where, json.loads(found[1].replace("&quot;", '"').replace("&lt;", "<").replace("&amp;", "&"))


def channels_of(recipe):
    return {one["filter"]: (one["colour"], one["weight"]) for one in recipe["channels"]}


def pixels(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def test_the_picture_that_is_made_has_the_channels_colours_and_weights_that_were_suggested(command, tmp_path):
    (first, *_) = command("discover", TARGET, "--radius", "0.1", "--json")
    (made,) = command("discover", TARGET, "--radius", "0.1", "--make", "1", "--json")
    assert made["files"] == first["inputs"] == 2
    where, recipe = picture_of(made["products"])
    suggested = {name: (colour, first["weights"].get(name, 1.0)) for name, colour in first["colours"].items()}
    assert channels_of(recipe) == suggested
    assert set(suggested) == set(FILTERS)
    mosaics = [one["where"] for one in made["products"] if one["kind"] == "mosaic"]
    by_hand = [f"{name}={colour}*{weight}" for name, (colour, weight) in suggested.items()]
    jwstpipe.composite(mosaics, tmp_path / "by-hand.png", channels=by_hand)
    assert np.array_equal(pixels(where), pixels(tmp_path / "by-hand.png"))
    jwstpipe.composite(mosaics, tmp_path / "other.png", channels=[*by_hand[:1], f"{FILTERS[1]}=#00ff00"])
    assert not np.array_equal(pixels(where), pixels(tmp_path / "other.png"))


def test_a_suggestion_is_made_on_the_server_that_is_up(command, prefect_server):
    from prefect.client.orchestration import get_client

    from jwstpipe.flows.serve import deployment
    from jwstpipe.jobs.kinds import KINDS

    with nothing_deployed_behind():
        deployment(KINDS["process_target"]).apply()
        (first, *_) = command("discover", TARGET, "--radius", "0.1", "--json")
        (job,) = command("discover", TARGET, "--radius", "0.1", "--make", "1", "--submit", "--json")
        with get_client(sync_client=True) as client:
            asked = client.read_flow_run(job["id"]).parameters["request"]
        place, library = {"target": TARGET, "radius": 0.1}, Library(load_settings())
        shown = discoveries.recipes(place, library)
        from_page = discoveries.made(place, shown[0]["command"], library)
    assert {name: asked[name] for name in first["request"]} == first["request"]
    assert from_page["id"] == job["id"], "the page asks for what the command asked for"


def test_a_run_resolves_a_suggestion_by_its_kind(finished):
    report = run(target=TARGET, radius=0.1, suggestion="first")
    assert (report.request["suggestion"], report.request["filters"]) == (None, list(FILTERS))
    assert report.files == 2
    assert any("suggestion first: NIRCam, all filters" in note for note in report.notes)
    published = run(target=TARGET, radius=0.1, suggestion="all", recipe="NGC 3324")
    _, recipe = picture_of([one.model_dump() for one in published.products])
    colours = {name: look[0] for name, look in channels_of(recipe).items()}
    assert load_preset("NGC 3324").colours["F444W"] == "red"
    assert colours["F444W"] == "#ff0000"
    with pytest.raises(NotFoundError, match="no suggestion 'coronagraph'; there is: all"):
        run(target=TARGET, radius=0.1, suggestion="coronagraph")


@pytest.mark.exhaustive("test_a_run_resolves_a_suggestion_by_its_kind")
def test_the_lightness_may_be_that_of_one_filter(finished, tmp_path):
    """Lightness of the picture follows the one image, and the filters still tell the hue."""
    report = run(target=TARGET, radius=0.1, level=3, luminance="f335m")
    where, recipe = picture_of([one.model_dump() for one in report.products])
    assert set(channels_of(recipe)) == set(FILTERS)
    assert recipe["luminance"]["filter"] == "F335M"
    plain = run(target=TARGET, radius=0.1, level=3)
    before = pixels(next(one.where for one in plain.products if one.kind == "picture"))
    alone = tmp_path / "alone.png"
    jwstpipe.composite([one.where for one in report.products if one.filter == "F335M"], alone)
    bright = [pixels(path).astype(float).mean(axis=2).ravel() for path in (where, alone)]
    mixed = before.astype(float).mean(axis=2).ravel()
    assert np.corrcoef(*bright)[0, 1] > np.corrcoef(mixed, bright[1])[0, 1]
    with pytest.raises(UsageError, match="luminance F187N: no mosaic of this filter was made; there are F335M, F444W"):
        run(target=TARGET, radius=0.1, level=3, luminance="F187N")


@pytest.mark.exhaustive("test_a_run_resolves_a_suggestion_by_its_kind")
def test_observations_are_found_by_name_where_no_place_leads_to_them(finished):
    report = run(target="Somewhere it was", observations=(IDS[1].upper(),))
    assert (report.files, {one.filter for one in report.products}) == (1, {FILTERS[1]})
    with pytest.raises(UsageError, match="'planet' is no id of JWST"):
        run(target="Somewhere it was", observations=("planet",))
    with pytest.raises(NotFoundError, match="0 matching observations"):
        run(target="Somewhere it was", observations=("jw09999-o777_t001_nircam_clear-f335m",))


def test_what_the_pipeline_combined_twice_and_empty_sky_take_no_part(finished, tiny_world):
    programme, archive = tiny_world
    source = next(file.path for file in programme.files if file.path.name == f"{IDS[0]}_i2d.fits")
    twice = source.with_name(source.name.replace("-o001_t001_", "-c1001_t009_"))
    empty = source.with_name(source.name.replace("-o001_", "-o002_"))
    try:
        shutil.copy(source, twice)
        with fits.open(source) as opened:
            opened[0].header["TARGPROP"] = "TINY-NEBULA-BKG"
            opened.writeto(empty)
        archive.rescan()
        report = run(target=TARGET, level=3, filters=(FILTERS[0],))
    finally:
        twice.unlink(missing_ok=True)
        empty.unlink(missing_ok=True)
        archive.rescan()
    assert [one.inputs for one in report.products if one.kind == "mosaic"] == [1]
    assert report.files == 1
    said = " ".join(report.notes)
    assert "1 combined images left out" in said
    assert "1 pointings at empty sky left out: TINY-NEBULA-BKG" in said


def test_the_request_of_a_suggestion_is_one_that_a_run_takes(finished):
    for one in jwstpipe.discover(TARGET, radius=0.1, settings=load_settings()):
        lists = {key: tuple(value) if isinstance(value, list) else value for key, value in one.request.items()}
        assert validated(ProcessTargetRequest, **lists).filters == one.filters

"""Exposures with stripes, wisps and snowballs, from the archive to a mosaic: cleaned where needed, never in silence."""

import json

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import open_image
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.lineage.graph import ancestors
from jwstpipe.operations.products.reproduce import reproduce
from jwstpipe.requests import MosaicRequest, ProcessTargetRequest
from jwstpipe.settings import load_settings
from jwstpipe.simulate.artefacts.add import read_truth
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.exposures import simulate_programme
from jwstpipe.storage import open_store
from tests.world import served, variables

TARGET = "Striped Field"
TEMPLATE = "wisps_nrcb4_f200w.fits"
AMOUNTS = Artefacts(row_noise=0.8, amplifier_noise=0.3, snowballs=2.0, wisps=8.0, seed=5)


@pytest.fixture(scope="module")
def striped(tmp_path_factory, prefect_server):
    """Process four striped exposures once, with a template of their wisps: settings, report, names, strengths."""
    from jwstpipe.flows.process_target import process_target

    folder = tmp_path_factory.mktemp("striped")
    made = simulate_programme(
        folder / "files", size="tiny", target=TARGET, filters=("F200W",), dithers=4, pixels=160, products=("cal",),
        detectors=("NRCB4",), nebula=0.02, seed=12, artefacts=AMOUNTS,
    )  # fmt: skip
    template, strengths = folder / TEMPLATE, []
    for path in sorted((folder / "files").rglob("*_truth.fits")):
        truth = read_truth(path)
        strengths.append(truth.facts["WISPS"])
        shape = truth.light["WISPS"] / np.float32(truth.facts["WISPS"])
        path.unlink()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(shape, name="SCI")]).writeto(template)
    with served(folder / "files") as archive, pytest.MonkeyPatch.context() as patch:
        place = variables(archive, folder / "home")
        for key, value in place.items():
            patch.setenv(key, value)
        report = process_target(
            ProcessTargetRequest(target=TARGET, level=2, clean="auto", wisp_template=(str(template),))
        )
    template.unlink()  # the store has it
    return place, report, [file.path.name for file in made.files], strengths


@pytest.fixture
def at_home(striped, monkeypatch):
    for key, value in striped[0].items():
        monkeypatch.setenv(key, value)
    return striped


def leaves(tree):
    return [tree] if not tree.branches else [leaf for branch in tree.branches for leaf in leaves(branch)]


def page(run_id):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    own = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=own)
    return {str(artifact.key).removesuffix(f"-{run_id[:8]}"): artifact for artifact in found}


def test_the_mosaic_is_made_of_cleaned_exposures_and_its_lineage_says_so(at_home):
    _, report, names, _ = at_home
    (mosaic, _picture) = report.products
    assert report.counts["exposures_cleaned"] == len(names)
    with open_catalog(load_settings().catalog_address) as catalog:
        record = catalog.get(mosaic.product_id)
        cleaned = [catalog.get(key) for key in record.parents]
        assert {one.operation for one in cleaned} == {"clean"}
        for one in cleaned:
            exposure, scene, pattern, *_before = (catalog.get(key) for key in one.parents)
            assert [other.operation for other in (exposure, scene, pattern)] == [
                "convert",
                "mosaic",
                "detector-pattern",
            ]
            assert one.file_name == exposure.file_name
            assert (one.image_info.exposure_time, one.ra) == (exposure.image_info.exposure_time, exposure.ra)
            assert {catalog.get(key).operation for key in scene.parents} == {"clean"}
        tree = leaves(ancestors(catalog, mosaic.product_id))
        assert {leaf.record.file_name for leaf in tree if leaf.record.kind == "archive"} == {*names, TEMPLATE}
        # what only tells what is sky is no mosaic that a picture would be made of
        assert sum(one.kind == "mosaic" for one in catalog.find()) == 1
        store = open_store(load_settings().store_root)
        for key in (record.product_id, cleaned[0].product_id, *cleaned[0].parents[1:3]):
            assert reproduce(key, catalog=catalog, store=store).same


def test_a_given_template_is_fitted_and_stays_in_the_store(at_home):
    _, report, names, strengths = at_home
    with open_catalog(load_settings().catalog_address) as catalog:
        (pattern,) = [one for one in catalog.find() if one.operation == "detector-pattern"]
        template = catalog.get(pattern.parents[-1])
        assert len(pattern.parents) == len(names) + 2  # the mosaic, too
        found = pattern.processing_results[-1].results["strengths"]
        assert [one["strength"] for one in found] == pytest.approx(strengths, abs=0.2)
        assert (template.file_name, template.kind, template.is_viewable) == (TEMPLATE, "archive", False)
        assert open_store(load_settings().store_root).exists(template.storage_key)
    assert not any(TEMPLATE in note for note in report.notes)


def test_the_page_shows_before_after_and_the_amount(at_home):
    _, report, names, _ = at_home
    shown = page(report.run_id)
    rows = json.loads(shown["cleaning"].data)
    assert [row["exposure"].partition(".")[0] for row in rows] == [name.partition(".")[0] for name in names]
    for row in rows:
        assert float(row["stripes before"].partition(" ")[0]) > float(row["after"])
        assert float(row["over noise"]) > 0.3
    assert shown["before-after"].data.startswith("data:image/jpeg;base64,")
    assert "clean" in report.seconds


@pytest.mark.exhaustive("test_the_mosaic_is_made_of_cleaned_exposures_and_its_lineage_says_so")
def test_a_second_run_cleans_nothing_again_and_none_is_the_mosaic_as_it_was(at_home):
    from jwstpipe.flows.clean import clean
    from jwstpipe.flows.mosaic import mosaic

    _, report, names, _ = at_home
    with open_catalog(load_settings().catalog_address) as catalog:
        (template,) = [one.product_id for one in catalog.find() if one.file_name == TEMPLATE]
    again = mosaic(MosaicRequest(target=TARGET, clean="auto", wisp_template=(template,)))
    assert [product.product_id for product in again.products] == [report.products[0].product_id]
    assert all(product.reused for product in again.products)
    plain = mosaic(MosaicRequest(target=TARGET, clean="none"))
    with open_catalog(load_settings().catalog_address) as catalog:
        assert {catalog.get(key).operation for key in catalog.get(plain.products[0].product_id).parents} == {"convert"}
    before, after = (open_image(one.products[0].where).read() for one in (plain, again))
    steps = [np.diff(one[20:-20, 20:-20], axis=0) for one in (before, after)]
    spread = [1.4826 * np.nanmedian(np.abs(step - np.nanmedian(step))) for step in steps]
    assert spread[1] < 0.9 * spread[0]
    cleaned = clean({"target": TARGET, "wisp_template": [template]})
    assert len(cleaned.products) == len(names)
    assert all(product.reused for product in cleaned.products)

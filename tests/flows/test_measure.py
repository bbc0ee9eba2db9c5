"""The measurement of a target that was processed: catalogue, fluxes, diagrams; a second run makes nothing."""

import numpy as np
import pytest
from PIL import Image

from jwstpipe.jobs.report import RunReport
from jwstpipe.operations.inputs.catalogue_inputs import table_at
from jwstpipe.requests.analysis.measure import MeasureRequest
from jwstpipe.requests.batch import BatchRequest
from jwstpipe.settings import load_settings
from jwstpipe.storage import open_store


def test_a_target_is_measured_and_a_batch_runs_over_it(finished_copy):
    from jwstpipe.flows.batch import batch
    from jwstpipe.flows.measure import measure

    report = measure(MeasureRequest(mesh=32, aperture=("3px",)))
    assert isinstance(report, RunReport)
    kinds = [product.kind for product in report.products]
    assert kinds == ["catalogue", "catalogue"]
    found, fluxes = (table_at(product.where) for product in report.products)
    assert len(found) == len(fluxes) > 0
    bands = sorted(fluxes.meta["photometry"])
    assert len(bands) > 1
    for band in bands:
        assert np.isfinite(fluxes[f"aper_3px_flux_{band}"]).any()
        assert fluxes[f"aper_3px_flux_{band}"].unit == "uJy"
    store = open_store(load_settings().store_root)
    for name in ("sources", "histogram", "colours", "completeness"):
        with Image.open(store.url(f"runs/{report.run_id}/{name}.png")) as drawn:
            assert min(drawn.size) > 100
    again = measure(MeasureRequest(mesh=32, aperture=("3px",), completeness=False))
    assert all(product.reused for product in again.products)
    assert [one.product_id for one in again.products] == [one.product_id for one in report.products]
    rows = batch(BatchRequest(verb="stats"))
    assert rows.counts["rows"] > len(bands)
    assert rows.counts["errors"] == 0
    table = table_at(store.url(f"runs/{rows.run_id}/batch.parquet"))
    assert table["count"].min() > 0
    assert table["mean"] == pytest.approx(table["total"] / table["count"], rel=1e-6)

"""A run that ends at whatever step leaves nothing visible, and the next one makes one product, the same as ever."""

from pathlib import Path

import pytest

from jwstpipe.catalog.maintenance.by_target import BY_TARGET
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.registry import REGISTRY
from jwstpipe.storage import tree_digest
from tests.operations.conftest import Site
from tests.operations.test_contract import inputs_of, made_by, parents_of, wanted


class EndedError(BaseException):
    """The run ended here."""


class Steps:
    """Counts the steps at which something appears in a store, and ends the run at one of them."""

    def __init__(self, monkeypatch, last=None):
        self.count, self.last = 0, last
        self.published = False
        """The step that was not taken shows what stands in the catalogue already."""

        replace = Path.replace

        def counted(path, target):
            self.count += 1
            if self.count == self.last:
                self.published = BY_TARGET in Path(target).parts
                raise EndedError
            return replace(path, target)

        monkeypatch.setattr(Path, "replace", counted)


AS_OTHERS = {
    "astrometry", "background", "clean", "contact-sheet", "convert-cube", "cube", "detector-pattern", "filter", "lines",
    "match", "match-psf", "photometry", "spectrum",
}  # fmt: skip
"""Operations whose products are published as those of others are: stores as mosaics, tables as sources, pictures."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.exhaustive if name in AS_OTHERS else ()) for name in REGISTRY]
)
def test_ended_at_a_step_and_run_again_there_is_one_product(name, site, tmp_path, monkeypatch):
    with site.opened() as catalog:
        expected = made_by(name, site, catalog, tmp_path / "files")
    operation, entry = REGISTRY[name], wanted(name, tmp_path / "files")

    def made(number, last):
        here = Site(tmp_path / f"site{number}")
        here.archive = here.fill()
        with here.opened() as catalog:
            parents = parents_of(entry.of, here, catalog, tmp_path / "files", "run")
            order = Order(entry.request, inputs_of(operation, parents), entry.name)
            with monkeypatch.context() as patch:
                steps = Steps(patch, last)
                try:
                    make_products(here.run(catalog), operation, [order])
                except EndedError:
                    left = catalog.find(RecordQuery(kind=(operation.kind,), file_name=entry.name, status=()))
                    assert [record.status for record in left] == ["published"] * steps.published
            (done,) = make_products(here.run(catalog, "again"), operation, [order])
            same = RecordQuery(kind=(operation.kind,), file_name=entry.name, status=())
            assert catalog.count(same) == 1
        assert done.record.product_id == expected.product_id
        assert tree_digest(here.store, done.record.storage_key) == tree_digest(site.store, expected.storage_key)
        return steps.count

    total = made(0, None)
    assert total > 0
    for step in sorted({1, (total + 1) // 2, total}):
        made(step, step)

"""Mosaics of filters that are here, begun while others still come, on the frame that all are expected to have."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import get_run_logger

from jwstpipe.catalog.maintenance.bulk import Deletion, delete_records
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import JwstPipeError
from jwstpipe.mosaicking.expected_frame import expected_frame, listed_outline
from jwstpipe.mosaicking.placement import look_at
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.tasks.mosaic import FilterPlan, build_filter, grouped_by_filter, plan_filter, with_earlier_corner
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.steps.together import Begun, Together

__all__ = ["ArrivedFilter", "EarlyMosaics"]


@dataclass(frozen=True)
class ArrivedFilter:
    """A filter of which all files are here, as the archive lists it."""

    images: tuple[ProductRecord, ...]
    """Cleaned, where that is wanted, in the order of the listing."""

    here: tuple[ProductRecord, ...]
    """All images that are here, of this filter and of others."""

    missing: tuple[str, ...]
    """Outlines of the files that are not, as the archive lists them (STC-S)."""


class EarlyMosaics:
    """Begins mosaics before all files are here, and lets those stand that are what they would have become later.

    What counts are the plans that are made when all files are here: a mosaic that was begun before has the id of one of
    them, or is taken away again. So products do not depend on the order in which files came.

    Parameters
    ----------
    run, request
        The run, and what it was asked for.
    steps
        Where mosaics are begun.
    percent
        What all of them are worth of the whole run.
    filters
        How many filters there are, as the archive lists them.
    """

    def __init__(
        self, run: Run, request: ProcessTargetRequest, steps: Together, *, percent: float, filters: int
    ) -> None:
        self._run = run
        self._request = request
        self._steps = steps
        self._percent = percent / max(filters, 1)
        self._frame: tuple[SkyGrid, Box] | None = None
        self._waiting: list[ArrivedFilter] = []
        self._begun: dict[str, tuple[FilterPlan, Begun[ProductRecord]]] = {}

    def take(self, arrived: ArrivedFilter) -> None:
        """Begin the mosaic of a filter, and of those that waited for the frame, if it is known now."""
        if self._request.align_filters == "together":  # then no filter is made without the others
            return
        self._waiting.append(arrived)
        try:
            self._frame = self._frame or self._expected(arrived)
            while self._frame is not None and self._waiting:
                self._begin(self._waiting.pop(0), self._frame)
        except JwstPipeError as error:  # the plan of all will say it, where it still holds
            self._waiting.clear()
            get_run_logger().info("no mosaic is begun before all files are here: %s", error)

    def finish(self, plans: Sequence[FilterPlan]) -> list[Begun[ProductRecord]]:
        """Give the mosaics of the plans of all: those that were begun, and others, which are begun now."""
        wanted = {planned.plan.id for planned in plans}
        wrong = [key for key in self._begun if key not in wanted]
        for key in wrong:
            self._take_away(*self._begun.pop(key))
        return [
            self._begun[planned.plan.id][1] if planned.plan.id in self._begun else self._start(planned)
            for planned in plans
        ]

    def _expected(self, arrived: ArrivedFilter) -> tuple[SkyGrid, Box] | None:
        outlines = [listed_outline(region) for region in arrived.missing]
        missing = [one for one in outlines if one is not None]
        if len(missing) < len(outlines):
            return None
        run, request = self._run, self._request
        addresses = [run.store.url(str(image.storage_key)) for image in arrived.here]
        found = look_at(addresses, options=request.mosaic_options(), s3=run.settings.s3, workers=run.workers)
        frame = expected_frame(found, missing, scale_arcsec=request.scale_arcsec)
        return None if frame is None else (with_earlier_corner(run, frame[0], arrived.here), frame[1])

    def _begin(self, arrived: ArrivedFilter, frame: tuple[SkyGrid, Box]) -> None:
        for key, members in sorted(grouped_by_filter(arrived.images).items()):
            planned = plan_filter(self._run, self._request, key, members, frame)
            if planned.plan.id not in self._begun:
                self._begun[planned.plan.id] = planned, self._start(planned)

    def _start(self, planned: FilterPlan) -> Begun[ProductRecord]:
        given = (self._run, planned)
        return self._steps.begin(f"mosaic {planned.filter}", percent=self._percent, step=build_filter, given=given)

    def _take_away(self, planned: FilterPlan, begun: Begun[ProductRecord]) -> None:
        """Take away a mosaic that lies on another frame than all images have, or is not of all its images."""
        run = self._run
        run.note(f"{planned.filter}: its mosaic was begun on a frame that the last files changed, and was made anew")
        try:
            made = self._steps.drop(begun)
        except JwstPipeError:
            return  # nothing was published
        if made.run_id == run.run_id:
            delete_records(run.catalog, Deletion((made,), ()), run.store)

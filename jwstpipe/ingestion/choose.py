"""From a request to the files that are wanted, with their sizes, before anything is fetched."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from jwstpipe.archive.search.products import Product, ProductListing, choose_products, list_products, tally
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.archive.search.search import SearchResult, search
from jwstpipe.errors import UsageError
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import IngestRequest, SearchRequest
from jwstpipe.settings import ArchiveSettings, Settings

__all__ = ["Choice", "answers_of", "choose", "require_within"]


@dataclass(frozen=True)
class Choice:
    """What a request comes to, before anything is fetched."""

    found: SearchResult
    listing: ProductListing
    """All files of the observations found."""

    products: tuple[Product, ...]
    """Files that are wanted; each once."""

    @property
    def size(self) -> int:
        """Bytes as listed."""
        return sum(product.size for product in self.products)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Where the archive's answers fell short, and what was left out of them and why; empty when all is here."""
        found_gaps = [] if self.found.cut is None else [f"incomplete: {self.found.cut}"]
        found_gaps += [f"incomplete: {cut}" for cut in self.listing.cut]
        found_gaps += [f"left out: {reason}" for reason in self.listing.refused]
        return tuple(found_gaps)


def answers_of(settings: Settings, *, max_age_s: float | None = None) -> Answers:
    """Give the folder in which a site keeps answers of the archive.

    Parameters
    ----------
    settings
        Of the site.
    max_age_s
        Oldest answer that is taken in place of asking, seconds; None = as the site says, 0 = always ask.
    """
    age = settings.archive.answers_age_s if max_age_s is None else max_age_s
    return Answers(settings.home / "answers", age, settings.archive.offline)


def choose(
    request: SearchRequest, *, settings: ArchiveSettings, answers: Answers | None = None,
    observations: Collection[str] = (), report: Reporter = silent,
) -> Choice:  # fmt: skip
    """Search the archive, list the files of what it has, and choose those that the request asks for.

    Parameters
    ----------
    request
        Selectors and filters.
    settings
        Which archive.
    answers
        Answers kept on disk; None = always ask, keep nothing.
    observations
        Ids of the observations that are wanted among those found; none = all.
    report
        Told of pages and observations.

    Raises
    ------
    JwstPipeError
        As `jwstpipe.archive.search.search.search`.
    """
    found = search(request, settings=settings, answers=answers, report=report)
    if observations and len(found.observations):
        wanted = {name.lower() for name in observations}
        named = [str(name).lower() in wanted for name in found.observations["obs_id"]]
        found = replace(found, observations=found.observations[named])
    listing = list_products(found, settings=settings, answers=answers, report=report)
    products = choose_products(
        listing,
        level=request.level,
        suffix=request.suffix,
        filters=request.filters,
        spectra=request.spectra,
    )
    return Choice(found, listing, products)


def require_within(choice: Choice, request: IngestRequest) -> None:
    """Refuse more than a request allows.

    Raises
    ------
    UsageError
        Too many files or bytes.
    """
    if len(choice.products) > request.max_files or choice.size > request.max_gigabytes * 1e9:
        kinds = ", ".join(f"level {line.level} {'+'.join(line.filters)}" for line in tally(choice.products)[:4])
        raise UsageError(
            f"{len(choice.products):,} files of {choice.size / 1e9:.1f} GB ({kinds} ...) are more than the limit of"
            f" {request.max_files:,} files and {request.max_gigabytes:g} GB; narrow the search, or raise --max-files or"
            " --max-gigabytes"
        )

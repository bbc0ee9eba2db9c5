"""The inputs of a product that is made again, each as it was when the product was made, wherever it lies now."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.records.components import InputLink
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, JwstPipeError, NotFoundError
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.operations.make.places import Place, address_of
from jwstpipe.operations.spec import Input, MakeContext
from jwstpipe.storage import ObjectStore, file_digest, is_remote, local_copy

__all__ = ["FoundInputs"]

CONTENT = "sha256-"
"""Ids of files that are known by nothing but their content begin so."""

MOST_LOOKED_AT = 200
"""Images in a folder whose headers are read to find one of another name."""


@dataclass(frozen=True)
class FoundInputs:
    """Where inputs are looked for: among those given, in the catalogue, and beside the product."""

    catalog: Catalog
    store: ObjectStore
    context: MakeContext
    given: tuple[str | Path, ...]
    """Files and image stores that somebody named."""

    scratch: Path
    """Folder for links to inputs that are called otherwise now."""

    folder: str | None
    """Where the product stands; inputs of that name beside it are tried."""

    def of(self, record: ProductRecord, again: Callable[[str], None] | None) -> list[Input]:
        """Give the inputs of a product, in their order.

        Parameters
        ----------
        record
            Of the product.
        again
            Makes an input again, by its id; None = that would be too deep.

        Raises
        ------
        NotFoundError, DataError
            An input that is nowhere, was replaced, or is another one than it was.
        """
        known = self.catalog.get_many(record.parents)
        links = {link.product_id: link for link in record.inputs}
        return [self._one(record, key, known.get(key), links.get(key), again) for key in record.parents]

    def _one(
        self,
        record: ProductRecord,
        key: str,
        parent: ProductRecord | None,
        link: InputLink | None,
        again: Callable[[str], None] | None,
    ) -> Input:
        for given in self.given:
            if (found := self._as(given, key)) is not None:
                return found if link is None else self._called(found, PurePosixPath(link.file_name).name)
        if parent is None:
            return self._beside(record, key, link)
        address = address_of(parent, self.store)
        if address is None:
            raise NotFoundError(
                f"{record.file_name}: nobody knows where its input {parent.file_name} is; give it as input"
            )
        place = Place(address, self.context.s3)
        if parent.kind == "archive":
            _require_unchanged(parent, record, place)
        elif not place.exists():
            if again is None:
                raise DataError(f"{record.file_name}: its lineage is deeper than can be made again at once")
            again(key)
        return Input.of_record(parent, address)

    def _beside(self, record: ProductRecord, key: str, link: InputLink | None) -> Input:
        """Find an input that the catalogue does not know by its name, beside the product or here."""
        name = PurePosixPath(link.file_name).name if link else key
        other_form = None
        for path in self._candidates(name):
            if (found := self._as(path, key)) is None:
                continue
            if link is None or found.name == link.file_name:
                return found
            other_form = other_form or found  # as FITS what was an image store, or under another name
        if other_form is not None:
            return self._called(other_form, name)
        named = f"; none of the {len(self.given)} given is it" if self.given else ""
        raise NotFoundError(
            f"{record.file_name}: its input {name} ({key}) is not in the catalogue, and does not lie beside it or here"
            f"{named}; give it with --input FILE"
        )

    def _as(self, address: str | Path, key: str) -> Input | None:
        """Take a file for an input, if it is that: by the id that it carries, or by its content."""
        try:
            if key.startswith(CONTENT):
                with local_copy(address, s3=self.context.s3) as path:
                    digest = file_digest(path) if path.is_file() else ""
                return Input(str(address), key, Path(address).name, digest) if key == f"{CONTENT}{digest}" else None
            found = input_at(address, s3=self.context.s3)
        except JwstPipeError:
            return None  # a file that cannot be read is not it; that none was found is told in the end
        return found if found.product_id == key else None

    def _called(self, found: Input, name: str) -> Input:
        """Give an input under the name that it had: that stands in what is made of it."""
        path = Path(found.address)
        if found.name == name or is_remote(found.address) or path.suffix != Path(name).suffix:
            return found
        link = self.scratch / found.product_id / name
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
        return replace(found, address=str(link), name=name)

    def _candidates(self, name: str) -> Iterator[Path]:
        """Give files of that name first, then images beside the product: mosaics are not called as their files are."""
        folders = [Path.cwd()]
        if self.folder is not None and not is_remote(self.folder):
            folders.insert(0, Path(self.folder).parent)
        yield from (folder / name for folder in folders if (folder / name).exists())
        for folder in folders:
            images = (path for path in sorted(folder.iterdir()) if path.suffix in (".zarr", ".fits"))
            yield from islice(images, MOST_LOOKED_AT)


def _require_unchanged(parent: ProductRecord, child: ProductRecord, place: Place) -> None:
    if parent.status == "superseded":
        raise DataError(
            f"{child.file_name}: its input {parent.file_name} was replaced by {parent.superseded_by}; the same product"
            " cannot come out, run its job again for a current one"
        )
    key = parent.storage_key or place.address
    if not place.exists():
        raise NotFoundError(f"{child.file_name}: its input {key} is not in the store; jwstpipe ingest fetches it again")
    if parent.digest is not None and place.digest() != parent.digest:
        raise DataError(f"{child.file_name}: its input {key} has other bytes than its record says; ingest it again")

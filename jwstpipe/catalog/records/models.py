"""`ProductRecord`: one document of the catalogue, checked at the door."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from jwstpipe.catalog.records.components import (
    DEEPEST,
    CalibrationInfo,
    Count,
    Execution,
    ImageInfo,
    InputLink,
    JsonMap,
    ProcessingResult,
    ProcessingStatus,
    SensorInfo,
    SpectralInfo,
    UtcTime,
)
from jwstpipe.errors import DataError
from jwstpipe.names import Level
from jwstpipe.notebook import facts_html
from jwstpipe.storage import checked_key

__all__ = ["FileFormat", "ProductId", "ProductKind", "ProductRecord", "ProductStatus", "RecordType", "checked_record"]

ProductKind = Literal[
    "archive",
    "image",
    "mosaic",
    "picture",
    "thumbnail",
    "catalogue",
    "segmentation",
    "filtered",
    "export",
    "spectrum",
    "cube",
    "map",
    "table",
]
ProductStatus = Literal["staged", "published", "superseded"]
RecordType = Literal["image", "sensor", "spectral", "metadata", "calibration", "raw", "processed"]
FileFormat = Literal[
    "fits",
    "csv",
    "json",
    "hdf5",
    "ascii",
    "binary",
    "png",
    "jpeg",
    "tiff",
    "ecsv",
    "asdf",
    "zarr",
    "parquet",
    "svg",
    "html",
    "votable",
]


ProductId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
StorageKey = Annotated[str, AfterValidator(checked_key)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ProductRecord(BaseModel):
    """What the catalogue knows of one product.

    Python names are the project's; where the documents of the catalogue have an older name it is the alias: ``_id``,
    ``file_path``, ``file_size``, ``checksum``, ``derived_from``, ``upload_date``. Both names are accepted on the way
    in. User fields (tags, description, sharing, archiving, thumbnail) are set once by the program and then belong to
    the users: publishing a product again leaves them alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Tell what names it; all fields fill a page."""
        return [(name, getattr(self, name)) for name in ("product_id", "kind", "file_name", "status")]

    def _repr_html_(self) -> str:
        """Show all that the record has in a notebook."""
        return facts_html(self.file_name, self.model_dump(exclude_defaults=True))

    product_id: ProductId = Field(alias="_id", description="follows from content or parameters; see identity")
    kind: ProductKind
    status: ProductStatus = Field("staged", description="readers see published products only")
    slot: str | None = Field(
        None, description="what the product is, whatever the version of its inputs; see identity.product_slot"
    )
    superseded_by: ProductId | None = Field(None, description="the newer product of the same slot")

    file_name: str = Field(min_length=1, max_length=255)
    storage_key: StorageKey | None = Field(None, alias="file_path", description="relative key in the store")
    uri: str | None = Field(None, description="where it came from or stands, as mast:JWST/product/...")
    file_size: Count | None = Field(None, description="bytes")
    file_format: FileFormat | None = None
    digest: Digest | None = Field(None, alias="checksum", description="SHA-256 of the content")
    is_validated: bool = False
    validation_error: str | None = None
    data_type: RecordType | None = None
    processing_status: ProcessingStatus = "completed"
    version: str | None = Field(None, description="version of the archive's pipeline")

    processing_level: Level = "unknown"
    observation_base_id: str | None = None
    exposure_id: str | None = None
    exposure_number: str | None = None
    segment: str | None = None
    detector: str | None = None
    program: Count | None = Field(None, description="programme; as a number, because padding differs")
    is_viewable: bool = False
    ra: float | None = Field(None, ge=0, lt=360, description="right ascension of its middle, degrees ICRS")
    dec: float | None = Field(None, ge=-90, le=90, description="declination of its middle, degrees ICRS")
    warnings: tuple[str, ...] = Field((), description="where name, header and archive disagree, and the like")

    parents: tuple[ProductId, ...] = Field((), alias="derived_from", description="ids of the inputs")
    inputs: tuple[InputLink, ...] = Field((), description="the inputs as they were: names, digests, roles, evidence")
    operation: str | None = Field(None, description="what made it, as mosaic")
    algorithm_version: str | None = None
    parameters: JsonMap = {}
    software: dict[str, str] = Field({}, description="version by package")
    run_id: str | None = Field(None, description="run that made it")
    execution: Execution | None = Field(None, description="Prefect and Dask ids of its making")

    created: UtcTime = Field(alias="upload_date")
    last_accessed: UtcTime | None = None

    image_info: ImageInfo | None = None
    sensor_info: SensorInfo | None = None
    spectral_info: SpectralInfo | None = None
    calibration_info: CalibrationInfo | None = None
    processing_results: tuple[ProcessingResult, ...] = ()
    metadata: JsonMap = {}

    tags: tuple[str, ...] = ()
    description: str | None = None
    user_id: str | None = Field(None, description="owner; none for imports from the archive")
    is_public: bool = False
    shared_with: tuple[str, ...] = ()
    is_archived: bool = False
    archived_date: UtcTime | None = None
    thumbnail: StorageKey | None = Field(None, description="storage key of a small picture")


def checked_record(values: dict[str, Any], *, what: str) -> ProductRecord:
    """Make a record of loose values.

    Parameters
    ----------
    values
        Fields under their Python or document names.
    what
        Whose record it is, for the message.

    Raises
    ------
    DataError
        A value is missing, of the wrong kind or out of range; the message names it.
    """
    for name, value in values.items():
        if name not in _CHECKED_BY_THEMSELVES and not _is_whole(value, DEEPEST):
            reason = "half a character (a lone surrogate), which no file and no database holds"
            raise DataError(f"the record of {what} is not valid: {name}: {reason}")
    try:
        return ProductRecord.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        raise DataError(f"the record of {what} is not valid: {place}: {message}") from None


_CHECKED_BY_THEMSELVES = ("metadata", "parameters")


def _is_whole(value: Any, depth: int) -> bool:
    """Tell whether all texts in a value are of whole characters; what is nested deeper fits no field anyway."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    if depth and isinstance(value, dict):
        return all(_is_whole(item, depth - 1) for item in value.values())
    if depth and isinstance(value, list | tuple):
        return all(_is_whole(item, depth - 1) for item in value)
    return True

"""Records are checked at the door, and come out of the database as they went in."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from jwstpipe.catalog.records.components import ProcessingResult, SensorInfo, SpectralInfo
from jwstpipe.catalog.records.derived_record import derived_record, shared_image_info
from jwstpipe.catalog.records.models import ProductRecord, checked_record
from jwstpipe.errors import DataError
from tests.catalog.catalog_records import CREATED

# The field set of the documents that this catalogue continues.
DOCUMENT_FIELDS = """
    _id file_name file_path file_size file_format checksum is_validated validation_error data_type processing_status
    upload_date last_accessed tags description version metadata image_info sensor_info spectral_info calibration_info
    processing_results user_id is_public shared_with is_archived archived_date processing_level observation_base_id
    exposure_id derived_from is_viewable thumbnail"""


def test_documents_have_the_fields_of_the_original(record):
    document = record(1).model_dump(mode="json", by_alias=True)
    assert set(document) >= set(DOCUMENT_FIELDS.split())
    assert all(name == name.lower() and "." not in name for name in document)
    json.dumps(document, allow_nan=False)


def test_both_names_are_accepted(record):
    first = record(1)
    assert ProductRecord.model_validate(first.model_dump()) == first
    assert ProductRecord.model_validate(first.model_dump(by_alias=True)) == first
    assert ProductRecord.model_validate(first.model_dump(mode="json", by_alias=True)) == first


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"metadata": {"$where": 1}}, "metadata: the key"),
        ({"metadata": {"a": [{"b.c": 1}]}}, "metadata: the key"),
        ({"metadata": {"a": float("nan")}}, "metadata: a is nan"),
        ({"metadata": {"a": {"b": b"x"}}}, r"metadata: a\.b is a bytes"),
        ({"metadata": {"a": 2**63}}, "64 bits"),
        ({"storage_key": "/etc/passwd"}, "storage_key: not a storage key"),
        ({"storage_key": "a/../b"}, "not a storage key"),
        ({"product_id": "a/b"}, "product_id"),
        ({"product_id": "$x"}, "product_id"),
        ({"parents": ["a b"]}, "parents"),
        ({"kind": "thing"}, "kind"),
        ({"created": datetime(2026, 1, 1)}, "created"),  # noqa: DTZ001
        ({"digest": "xyz"}, "digest"),
        ({"file_size": -1}, "file_size"),
        ({"software": {"numpy": {"$gt": ""}}}, "software"),
        ({"surprise": 1}, "surprise"),
        ({"processing_level": "L9"}, "processing_level"),
    ],
)
def test_bad_values_are_refused_and_named(record, changes, fault):
    values = {**record(1).model_dump(), **changes}
    with pytest.raises(DataError, match=f"record of this one is not valid: .*{fault}"):
        checked_record(values, what="this one")


def test_times_are_utc_to_the_millisecond(record):
    zone = timezone(timedelta(hours=2))
    made = record(1, created=datetime(2026, 1, 1, 1, 30, 0, 123_999, tzinfo=zone))
    assert made.created == datetime(2025, 12, 31, 23, 30, 0, 123_000, tzinfo=UTC)
    assert made.model_dump(mode="json")["created"] == "2025-12-31T23:30:00.123Z"


def test_records_do_not_change(record):
    with pytest.raises(ValidationError):
        record(1).file_name = "other"


def test_parts_are_checked_too():
    with pytest.raises(ValidationError):
        SensorInfo(sampling_rate=float("nan"))
    with pytest.raises(ValidationError):
        SpectralInfo(colour="red")
    done = ProcessingResult(algorithm="mosaic", processed_date=datetime(2026, 1, 1, tzinfo=UTC))
    assert (done.status, done.is_reproducible) == ("completed", True)


KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="$.\0"), min_size=1, max_size=8)
TRAPS = ['{"a": 1}', "[1, 2]", "null", "true", "2024-01-01T00:00:00Z", "0123456789abcdef01234567", "a'b", '"']
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs", "Cc"]))
    | st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
    | st.sampled_from(TRAPS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    metadata=st.dictionaries(KEYS, VALUES, max_size=4),
    description=st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
)
def test_the_file_gives_back_what_it_was_given(embedded, record, metadata, description):
    embedded.delete("p1")
    first = record(1, metadata=metadata, description=description, is_public=True)
    embedded.publish(first)
    embedded.publish(first)
    assert embedded.get("p1") == first.model_copy(update={"status": "published"})


def test_what_is_made_of_one_users_private_files_is_theirs(record):
    public, private, foreign = (
        record(number, is_public=owner is None, user_id=owner) for number, owner in enumerate((None, "ann", "bob"))
    )

    def owner(*parents):
        made = derived_record(
            "m", kind="mosaic", storage_key="mosaics/m.zarr", parents=parents, operation="mosaic",
            algorithm_version="1", parameters={}, image=shared_image_info(parents), created=CREATED, run_id="r",
        )  # fmt: skip
        return made.user_id, made.is_public

    assert owner(public) == (None, True)
    assert owner(public, private) == ("ann", False)
    assert owner(private, foreign) == (None, False)

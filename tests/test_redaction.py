"""No password, token or key is shown: in messages, settings, tracebacks."""

import pickle

import pytest

from jwstpipe.errors import ServiceError, StorageError
from jwstpipe.redaction import redacted
from jwstpipe.settings import settings_with_origins


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mongodb://me:secret@h:27017,i:27017/x", "mongodb://me:***@h:27017,i:27017/x"),
        ("mongodb://me:p@ss/word@h/x?tls=true", "mongodb://me:***@h/x?tls=true"),
        ("no answer at 'http://u:p@h/api'; start it", "no answer at 'http://u:***@h/api'; start it"),
        ("https://0123456789abcdefghij0123@h/x", "https://***@h/x"),
        ("https://b/k?X-Amz-Signature=a1&X-Amz-Credential=AK%2F&part=2", "https://b/k?X-Amz-Signature=***&X-Amz-Credential=***&part=2"),
        ("https://b/k?AWSAccessKeyId=AK&Signature=s%3D&Expires=9", "https://b/k?AWSAccessKeyId=***&Signature=***&Expires=9"),
        ("see https://h/x?token=t1; then go", "see https://h/x?token=***; then go"),
        ("mongodb://me@h/x?authSource=admin", "mongodb://me@h/x?authSource=admin"),
        ("s3://bucket/key: not found; check the path", "s3://bucket/key: not found; check the path"),
        ("storage_key=images/1.zarr http://127.0.0.1:4200/api", "storage_key=images/1.zarr http://127.0.0.1:4200/api"),
    ],
)  # fmt: skip
def test_secrets_are_taken_out_and_everything_else_is_left(text, shown):
    assert redacted(text) == shown


@pytest.mark.parametrize("family", [ServiceError, StorageError])
def test_an_error_never_holds_a_secret_also_after_it_travelled(family):
    error = family("nothing answers at mongodb://me:secret@h/x")
    for seen in (error, pickle.loads(pickle.dumps(error))):
        assert str(seen) == "nothing answers at mongodb://me:***@h/x"
        assert "secret" not in repr(seen)


def test_settings_are_shown_without_secrets(monkeypatch):
    monkeypatch.setenv("JWSTPIPE_CATALOG", "mongodb://me:se@cret@h/x")
    monkeypatch.setenv("JWSTPIPE_STORE_LINK", "https://h/x?token=abc")
    values = {found.key: found.value for found in settings_with_origins()}
    assert values["catalog"] == "mongodb://me:***@h/x"
    assert values["store_link"] == "https://h/x?token=***"

"""Where bytes live: one object store over fsspec, a local folder or an ``s3://`` prefix.

Keys are relative (``mast/<obs_id>/<file>``) and validated by their parts; writes to a local folder go aside, are
flushed to disk and renamed, so that a reader never meets half a file.
"""

from jwstpipe.storage.address import checked_key, is_remote, shown, split_s3
from jwstpipe.storage.faults import named_for_people, storage_errors, writing_errors
from jwstpipe.storage.leftovers import partial_name, partial_owner, settle
from jwstpipe.storage.local_copy import local_copy
from jwstpipe.storage.partial import aside
from jwstpipe.storage.remote_tree import RemoteTree, Uploads, list_prefix
from jwstpipe.storage.s3 import Range, get_range, lifecycle_hint, presigned_url, s3_client, s3_filesystem, s3_options
from jwstpipe.storage.store import ObjectStore, StoredObject, open_store
from jwstpipe.storage.trees import file_digest, path_digest, path_size, product_exists, require_absent, tree_digest
from jwstpipe.storage.whole import HeldBytes, copy_object, get_bytes, object_writer, put_bytes, zarr_store

__all__ = [
    "HeldBytes",
    "ObjectStore",
    "Range",
    "RemoteTree",
    "StoredObject",
    "Uploads",
    "aside",
    "checked_key",
    "copy_object",
    "file_digest",
    "get_bytes",
    "get_range",
    "is_remote",
    "lifecycle_hint",
    "list_prefix",
    "local_copy",
    "named_for_people",
    "object_writer",
    "open_store",
    "partial_name",
    "partial_owner",
    "path_digest",
    "path_size",
    "presigned_url",
    "product_exists",
    "put_bytes",
    "require_absent",
    "s3_client",
    "s3_filesystem",
    "s3_options",
    "settle",
    "shown",
    "split_s3",
    "storage_errors",
    "tree_digest",
    "writing_errors",
    "zarr_store",
]

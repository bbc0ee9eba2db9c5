"""What an embedded file looks like: tables, declared columns, indexes.

A record is its document, one text of JSON, and what is asked of it: a narrow row of declared columns, and the members
of its lists, its words and its place in tables of their own. Conditions are met, sorted and counted on the narrow rows;
the documents are read only for what was found. Columns have no type on purpose: what the document holds is compared as
it is, a text never equals a number.
"""

import sqlite3

__all__ = ["APPLICATION_ID", "LAYOUT", "create"]

APPLICATION_ID = 0x4A575354
"""Marks a file as a catalogue."""

LAYOUT = 1
"""Version of tables and indexes; raise it with every new one, so that files get it."""


_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS records (
        row INTEGER PRIMARY KEY, product_id NOT NULL UNIQUE, kind, status, data_type, processing_level, instrument,
        filter, target_key, program, observation_base_id, exposure_id, detector, mast_obs_id, file_name, file_path,
        file_size, uri, checksum, slot, operation, run_id, user_id, is_public, is_archived, created_ms, observed_ms,
        owner_path
    )
    """,
    "CREATE TABLE IF NOT EXISTS documents (row INTEGER PRIMARY KEY, content TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS record_tags (value, row INTEGER, PRIMARY KEY (value, row)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS record_tags_row ON record_tags (row)",
    "CREATE TABLE IF NOT EXISTS record_parents (value, row INTEGER, PRIMARY KEY (value, row)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS record_parents_row ON record_parents (row)",
    "CREATE TABLE IF NOT EXISTS record_shares (value, row INTEGER, PRIMARY KEY (value, row)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS record_shares_row ON record_shares (row)",
    "CREATE TABLE IF NOT EXISTS places (row INTEGER PRIMARY KEY, x REAL, y REAL, z REAL)",
    "CREATE INDEX IF NOT EXISTS places_box ON places (z, x, y)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(name_key, note_key, tokenize = 'trigram')",
    "CREATE TABLE IF NOT EXISTS held_leases (key TEXT PRIMARY KEY, owner TEXT, token INTEGER, expires_ms INTEGER)",
    "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value)",
)

_IN_ORDER_OF_ENTRY = (
    *("kind", "status", "processing_level", "instrument", "filter", "target_key", "program", "detector"),
    *("observation_base_id", "exposure_id"),
)
"""Columns whose index has the time of entry behind it, the usual order of answers."""

_SELDOM_IN_ORDER = ("operation", "run_id", "user_id", "mast_obs_id", "data_type")
"""The same, for columns that many records do not have."""

_ALONE = ("file_path", "uri", "checksum", "slot")
"""Columns whose value few records share, where there is one."""

_OTHERS = (
    ("by_created", "created_ms DESC"),
    ("by_observed", "observed_ms"),
    ("by_size", "file_size DESC"),
    ("by_file_name", "file_name"),
    ("by_filter_and_level", "filter, processing_level, created_ms DESC"),
    ("by_share", "status, kind, processing_level, instrument, filter, file_size"),
)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables and indexes that are not there."""
    for statement in _TABLES:
        connection.execute(statement)
    for name, columns, condition in _indexes():
        there = f" WHERE {condition}" if condition else ""
        connection.execute(f"CREATE INDEX IF NOT EXISTS records_{name} ON records ({columns}){there}")
    connection.execute(
        "CREATE UNIQUE INDEX IF NOT EXISTS records_owner_path ON records (owner_path) WHERE owner_path IS NOT NULL"
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {LAYOUT}")


def _indexes() -> list[tuple[str, str, str]]:
    """Give name, columns and condition of each index."""
    return [
        *((f"by_{name}", f"{name}, created_ms DESC", "") for name in _IN_ORDER_OF_ENTRY),
        *((f"by_{name}", f"{name}, created_ms DESC", f"{name} IS NOT NULL") for name in _SELDOM_IN_ORDER),
        *((f"by_{name}", name, f"{name} IS NOT NULL") for name in _ALONE),
        *((name, columns, "") for name, columns in _OTHERS),
    ]

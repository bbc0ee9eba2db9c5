"""Verbs on the archive: search and ingest, and transfers that stand in the middle."""

"""Readers of bytes, rows and bands: local, remote, packed, cached."""

"""Commands around the archive."""

"""Files from the archive, resumable and verified."""

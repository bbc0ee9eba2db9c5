"""Files on their way from the archive to mosaics."""

"""What is asked of the archive and the catalogue."""

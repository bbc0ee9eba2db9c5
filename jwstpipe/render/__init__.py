"""Colour pictures and thumbnails from images on one grid; looks happen here and nowhere else."""

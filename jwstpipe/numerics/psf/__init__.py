"""Stars of one shape: samples of a PSF between its own, and many stars fitted at once."""

"""Cubes as they lie in files and stores: the wavelengths of their slices, and chunks that serve slices and spectra."""

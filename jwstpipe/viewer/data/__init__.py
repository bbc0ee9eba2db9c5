"""What is no picture: spectra, tables and cubes, as much of them as a screen shows."""

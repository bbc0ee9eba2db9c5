"""A simulated sky, exposures of it with the structure of JWST files, and a local archive that serves them."""

"""FITS bytes: HDUs, readers, sample formats, tile compression, gwcs sampling."""

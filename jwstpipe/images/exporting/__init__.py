"""How an image store becomes a FITS file."""

"""Tables of FITS files."""

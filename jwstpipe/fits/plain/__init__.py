"""Cards of FITS headers, read and changed without astropy where they are plain."""

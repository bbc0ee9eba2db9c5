"""Images as chunked Zarr and as FITS: read, convert, store, build the pyramid, write back."""

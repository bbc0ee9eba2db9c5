"""The image store: Zarr arrays in shards, their metadata, their pyramid."""

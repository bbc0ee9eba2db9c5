"""Numbers of pixels: regions, statistics, single pixels with their history, filters."""

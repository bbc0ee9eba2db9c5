"""What stays on a detector: wisps of a given shape, hot and dead pixels, claws, and what the exposure before left."""

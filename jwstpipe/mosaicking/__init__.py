"""Many images on one plane of the sky: plan, match backgrounds, warp, combine."""

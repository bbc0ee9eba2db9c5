"""What happens to the pixels of a window: mixing, finishing, sharpening, noise reduction; pure functions of arrays."""

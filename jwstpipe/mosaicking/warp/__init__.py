"""From input pixels to output pixels: windows, kernels, accumulators."""

"""Two catalogues behind one seam: an embedded file and MongoDB."""

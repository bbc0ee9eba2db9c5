"""Two catalogues behind one seam, `backend`: an embedded file and MongoDB."""

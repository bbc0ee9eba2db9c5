"""What is drawn on a picture: grid of coordinates, scale bar, compass, labels, sources."""

"""Images of different grids, laid on one as they are looked at."""

"""Catalogues: columns with units and meanings, files that know where they come from, matches, astrometric checks."""

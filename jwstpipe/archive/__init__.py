"""The archive: what MAST holds of JWST, and how its files come here whole."""

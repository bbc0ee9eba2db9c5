"""Searching MAST: portal, names, products, answers kept."""

"""Looks by name, looks from files, and published colour recipes."""

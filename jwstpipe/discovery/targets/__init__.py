"""Targets that people ask for, by all their names, without a network."""

"""Saturated cores and other holes, repaired for display; the science arrays stay as they are."""

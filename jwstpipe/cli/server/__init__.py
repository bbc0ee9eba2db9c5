"""Servers that a command starts: Prefect, its flows, pages of the store."""

"""Inputs of operations: how they are found, aligned, carried and compared."""

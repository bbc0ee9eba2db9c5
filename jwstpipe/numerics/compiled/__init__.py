"""Functions compiled by numba, whose machine code is kept and run without numba."""

"""The `jwstpipe` command: a thin adapter from words to the library and the flows."""

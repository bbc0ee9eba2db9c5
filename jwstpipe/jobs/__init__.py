"""Jobs: what is asked of a Prefect server, watched, cancelled and read back.

Nothing here needs an event loop, and nothing minds one: the same calls work in a script and in a notebook.
"""

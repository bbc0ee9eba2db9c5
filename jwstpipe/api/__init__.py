"""The verbs of the Python API: typed keywords from the requests, addresses and settings for opened things."""

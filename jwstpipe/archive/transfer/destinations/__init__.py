"""Where the bytes of a file go: a folder of this machine, or a bucket."""

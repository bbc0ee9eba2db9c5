"""A MAST and an S3 bucket on this machine, with faults on demand."""

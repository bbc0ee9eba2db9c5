"""Where the bytes of a file come from: MAST over HTTPS, or its S3 mirror."""

"""How S3 is asked: shortly, and with deadlines."""

"""What implementers and tests run against: a local archive."""

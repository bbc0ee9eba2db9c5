"""What a record says, and how it is made from headers, archive rows and operations."""

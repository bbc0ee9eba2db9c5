"""What is known of every product: records, where they are kept, how they are found, and what came from what."""

"""What fields of requests have in common: angles, shared groups of fields, Python keywords."""

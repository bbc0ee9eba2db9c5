"""The catalogue on a MongoDB server."""

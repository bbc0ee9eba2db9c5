"""The only place that owns Dask: workers and clusters."""

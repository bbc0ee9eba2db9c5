"""`jwstpipe catalog`: what do we have? find, show, stats, stale, tag, archive, delete, export, import, reconcile."""

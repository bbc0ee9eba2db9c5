"""Where inputs really lie: stars found, matched, shifts solved."""

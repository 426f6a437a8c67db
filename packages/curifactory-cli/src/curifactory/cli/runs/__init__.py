"""``runs``: what was run before, compared, exported and removed."""

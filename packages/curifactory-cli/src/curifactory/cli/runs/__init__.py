"""``runs``: what was run before, compared, exported and removed."""

LATEST = "latest"
"""Names the latest run."""
STATUSES = ("complete", "error", "interrupted", "incomplete", "LIVE")
"""What a run can be."""

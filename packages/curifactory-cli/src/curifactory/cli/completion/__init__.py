"""Completion with the tab key: what it answers, and how a shell comes to ask."""

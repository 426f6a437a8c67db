"""Runs in several processes: a coordinator, and executors that are places to execute calls."""

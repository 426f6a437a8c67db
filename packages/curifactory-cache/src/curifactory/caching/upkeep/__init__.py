"""Looking after the cache: what is in it, whether it is sound, and what may go."""

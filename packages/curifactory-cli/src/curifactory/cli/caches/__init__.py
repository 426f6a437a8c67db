"""``curifactory cache``: what is in the cache, whether it is sound, and what may go."""

"""The ``experiment`` and ``curifactory`` commands."""

"""The code a stage depends on: its own function and everything of the project that it reaches.

:mod:`curifactory.closure.walking` follows live objects from the function, and gives each one found
a digest of its normalised syntax tree (:mod:`~curifactory.closure.normalising`, from the source
that :mod:`~curifactory.closure.sources` finds); :mod:`~curifactory.closure.settling` tells what
stands for the values that code reads. Nothing here is imported by ``import curifactory``.
"""

"""Cachers: how artifacts are stored, found and loaded."""

from curifactory.caching.cacheable import Cacheable
from curifactory.caching.json_cacher import JsonCacher
from curifactory.caching.pickle_cacher import PickleCacher
from curifactory.outputs import Lazy

__all__ = ["Cacheable", "JsonCacher", "Lazy", "PickleCacher"]

"""How many threads numerical libraries use."""

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What the libraries read when they are loaded."""
_LIBRARIES = re.compile(r"/[^/]*(openblas|libgomp|libiomp|libomp|mkl_rt)[^/]*\.so[^/]*$")
_SETTERS = (
    "openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "scipy_openblas_set_num_threads64_",
    "omp_set_num_threads",
    "MKL_Set_Num_Threads",
)


def thread_variables(count: int) -> dict[str, str]:
    """Return the environment variables that limit libraries to ``count`` threads."""
    return dict.fromkeys(VARIABLES, str(count))


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let libraries that are loaded in the block start no threads, so that forking stays safe."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update({name: "1" for name, value in before.items() if value is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


def limit_threads(count: int) -> None:
    """Limit the libraries that are loaded, and those that will be, to ``count`` threads."""
    os.environ.update(thread_variables(count))
    limit_loaded(count)


def limit_loaded(count: int) -> None:
    """Limit the libraries that are loaded to ``count`` threads."""
    for path in _loaded(os.getpid(), len(sys.modules)):
        library = ctypes.CDLL(path)
        for name in _SETTERS:
            setter = getattr(library, name, None)
            if setter is not None:
                setter(ctypes.c_int(count))


@lru_cache(maxsize=1)
def _loaded(_process: int, _modules: int) -> frozenset[str]:
    """Return the libraries of a process, which seldom are others when it has as many modules."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            paths = {line.partition("/")[2].rstrip("\n") for line in file if "/" in line}
    except OSError:  # not Linux
        return frozenset()
    return frozenset(f"/{path}" for path in paths if _LIBRARIES.search(f"/{path}"))


def count_threads() -> int:
    """Return how many threads this process has; 2 where nothing tells."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 2

"""Run the experiment with and without Lazy, and print the most memory that arrays took."""

import tracemalloc

from curifactory.experiment import RunOptions, run


def peak(**options):
    """Return the most bytes that Python and numpy held during a run."""
    tracemalloc.start()
    run(RunOptions(experiment="lazy_arrays", overwrite=True, report=False, **options))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


peak()  # imports everything, which takes memory as well
print(f"with Lazy     {peak() / 1e6:3.0f} MB")
print(f"--ignore-lazy {peak(ignore_lazy=True) / 1e6:3.0f} MB")

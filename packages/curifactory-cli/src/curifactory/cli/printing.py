"""What is printed of an experiment instead of running it: hashes and parameters."""

import json
from collections.abc import Iterator

from curifactory.experiment import describe_sets
from curifactory.options import RunOptions


def hash_lines(options: RunOptions) -> Iterator[str]:
    """Yield hash and name of each parameter set.

    Raises
    ------
    BadInputError
        If something that the options name does not exist.

    """
    for hash_, entry in describe_sets(options).items():
        yield f"{hash_} {entry['name']}"


def parameter_lines(options: RunOptions) -> Iterator[str]:
    """Yield hash and name of parameter sets, each followed by its content as JSON.

    Raises
    ------
    BadInputError
        If there is no parameter set of the name or hash that the options give.

    """
    for hash_, entry in describe_sets(options).items():
        name = entry.get("name")
        yield f"{hash_} {name}" if name is not None else hash_
        hidden = () if options.verbose else ("_DRY_REPS",)
        shown = {key: value for key, value in entry.items() if key not in hidden}
        yield json.dumps(shown, indent=4, default=str)

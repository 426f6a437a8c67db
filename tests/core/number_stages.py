"""Small stages on numbers, for tests of what happens to calls."""

from dataclasses import dataclass

from curifactory import ExperimentParameters, Record, aggregate, stage


@dataclass
class Params(ExperimentParameters):
    value: int = 1


@stage(outputs=["number"])
def make_number(record: Record) -> int:
    return int(record.params.value)


@stage(inputs=["number"], outputs=["number"])
def increase(record: Record, number: int) -> int:
    return number + 1


@stage(inputs=["number"], outputs=["doubled"])
def double(record: Record, number: int) -> int:
    return 2 * number


@aggregate(inputs=["number"], outputs=["total"])
def add_up(record: Record, records: list[Record], number: dict[Record, int]) -> int:
    return sum(number.values())

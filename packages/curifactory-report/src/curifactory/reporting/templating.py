"""Pages from templates that escape whatever comes from a user."""

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("curifactory.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["file_link"] = _link_to
    return environment


def _link_to(name: str) -> str:
    """Return the name of a file for use in a link, also one whose bytes are no text."""
    return quote(os.fsencode(name))


def render(template: str, **values: Any) -> str:
    """Return the page that ``template`` makes of ``values``."""
    return _environment().get_template(template).render(**values)

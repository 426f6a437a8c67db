"""Pages from templates that escape whatever comes from a user."""

import os
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
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


def digest_for_policy(script: str) -> str:
    """Return what a content security policy says of a script that may run."""
    return f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}"

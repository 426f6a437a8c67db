"""The command line of ``curifactory init``."""

from typing import Any

from curifactory.cli.asking import Defaults, Questions
from curifactory.cli.commands import Context
from curifactory.cli.parser import Parser
from curifactory.exceptions import BadInputError

_DESCRIPTION = """\
Make a project in this folder: its configuration, folders, and first files. Run it
again to change the configuration; nothing is overwritten without asking."""
_EXAMPLES = """\
examples:
  curifactory init
  curifactory init --yes
  curifactory init --yes --set manager_cache_path=/scratch/me --set docker=no
"""


def add_arguments(parser: Parser) -> None:
    """Declare how to answer beforehand."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    parser.add_argument(
        "-y", "--yes", action="store_true", help="ask nothing, take what is proposed"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        help="a value of the configuration; or example, docker, git or gitignore, yes or no; may "
        "be repeated",
    )


def perform(given: dict[str, Any], context: Context) -> int:
    """Make a project in the current directory."""
    settings: dict[str, str] = {}
    for setting in given.get("set", ()):
        key, equals, value = setting.partition("=")
        if not equals:
            raise BadInputError(f"--set {setting}: write it as KEY=VALUE.")
        settings[key.strip()] = value.strip()
    from curifactory.cli.init import make_project

    asker = Defaults() if "yes" in given else Questions(context.out)
    return make_project(settings, asker, context.out, context.err)

"""Set the version of all five distributions, and the pins between them.

Run as ``python tests/packaging/bump_version.py 1.2.0``; prints the files it rewrote.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RELEASE = re.compile(r"\d+\.\d+\.\d+((a|b|rc|\.dev|\.post)\d+)?")
OWN_VERSION = re.compile(r'^(version = ")[^"]*(")', re.MULTILINE)
PIN = re.compile(r'("curifactory-\w+(?:\[[\w,]+\])?==)[^"]*(")')


def set_version(project: Path, version: str) -> None:
    """Rewrite the version in one ``pyproject.toml`` and what it pins, and nothing else."""
    text = project.read_text(encoding="utf-8")
    text, replaced = OWN_VERSION.subn(rf"\g<1>{version}\g<2>", text)
    if replaced != 1:
        raise ValueError(f'{project} should have one line `version = "…"`, but has {replaced}.')
    project.write_text(PIN.sub(rf"\g<1>{version}\g<2>", text), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Set the version given on the command line and return the exit code."""
    parser = argparse.ArgumentParser(description="Set the version of all five distributions.")
    parser.add_argument("version", help="such as 1.2.0, 1.2.0rc1 or 1.3.0.dev0")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the repository to change")
    options = parser.parse_args(arguments)
    if not RELEASE.fullmatch(options.version):
        parser.error(f"{options.version!r} is no version like 1.2.0, 1.2.0rc1 or 1.3.0.dev0")
    for project in [
        options.root / "pyproject.toml",
        *sorted(options.root.glob("packages/*/pyproject.toml")),
    ]:
        set_version(project, options.version)
        print(project.relative_to(options.root))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

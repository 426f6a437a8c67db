"""Pictures of real reports: ``{picture} iris`` shows what the build ran and photographed.

The build runs ``examples/iris`` in a temporary folder and opens its report in a headless browser.
Without a browser, or with ``-D pictures=0``, a line says that the picture is missing.

As a program it writes the picture of the README: ``python docs/_extensions/pictures.py FILE``.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

_EXAMPLES = Path(__file__).parents[2] / "examples"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HEADLESS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
"""Options of a Chromium that shows no window, and asks no network for anything of its own."""
PICTURES = {
    "report": ("reports/iris_1_*/index.html", (1100, 2000)),
    "results": ("reports/iris_1_*/index.html#reportables", (1100, 1150)),
    "index": ("reports/index.html", (1200, 420)),
}
"""Name of a picture -> the page it shows, as a pattern, and its size in pixels.

After ``#`` stands the section of the page that the picture begins with.
"""


def find_browser() -> str | None:
    """Return the path of a browser that can take pictures, or ``None``."""
    return next((path for path in map(shutil.which, _BROWSERS) if path is not None), None)


def run_example(folder: Path) -> None:
    """Run the iris example twice in ``folder``, the second time from the cache."""
    shutil.copytree(
        _EXAMPLES / "iris",
        folder,
        ignore=shutil.ignore_patterns("data", "logs", "reports", "notebooks", "__pycache__"),
    )
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Compare two models"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    command = os.path.join(sysconfig.get_path("scripts"), "experiment")
    for notes in ("Logistic regression against random forests", "The same again"):
        subprocess.run(
            [command, "iris", "--notes", notes], cwd=folder, check=True, capture_output=True
        )


def photograph(browser: str, page: str, size: tuple[int, int], picture: Path) -> None:
    """Write what ``browser`` shows of the address ``page`` to ``picture``, a PNG file."""
    with tempfile.TemporaryDirectory() as profile:
        frame = Path(profile) / "frame.html"  # a page that is scrolled itself comes out empty
        style = "body { margin: 0 } iframe { border: 0; width: 100vw; height: 100vh }"
        frame.write_text(f'<style>{style}</style><iframe src="{page}" scrolling="no"></iframe>')
        subprocess.run(
            [
                browser,
                *HEADLESS,
                f"--user-data-dir={profile}",
                f"--window-size={size[0]},{size[1]}",
                f"--screenshot={picture}",
                frame.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def take_pictures(folder: Path) -> bool:
    """Write every picture as ``<name>.png`` into ``folder``; return whether there is a browser."""
    browser = find_browser()
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary) / "iris"
        run_example(project)
        folder.mkdir(parents=True, exist_ok=True)
        for name, (page, size) in PICTURES.items():
            pattern, hash_sign, section = page.partition("#")
            (path,) = project.resolve().glob(pattern)
            address = f"{path.as_uri()}{hash_sign}{section}"
            photograph(browser, address, size, folder / f"{name}.png")
    return True


def setup(app):
    """Add the directive to a Sphinx application."""
    from docutils import nodes
    from sphinx.util.docutils import SphinxDirective

    class Picture(SphinxDirective):
        required_arguments = 1
        has_content = True

        def run(self):
            text = " ".join(self.content)
            if self.env.config.pictures_taken:
                name = f"/_build/pictures/{self.arguments[0]}.png"
                return [nodes.image(uri=name, alt=text, candidates={})]
            return [nodes.note("", nodes.paragraph("", f"Built without a browser: {text}"))]

    def prepare(app, config):
        folder = Path(app.srcdir) / "_build/pictures"
        config.pictures_taken = bool(config.pictures) and take_pictures(folder)

    app.add_config_value("pictures", default=True, rebuild="env")
    app.add_config_value("pictures_taken", default=False, rebuild="env")
    app.connect("config-inited", prepare)
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as taken:
        if not take_pictures(Path(taken)):
            sys.exit(f"no browser found; install one of {', '.join(_BROWSERS)}")
        shutil.copyfile(Path(taken) / "results.png", sys.argv[1])

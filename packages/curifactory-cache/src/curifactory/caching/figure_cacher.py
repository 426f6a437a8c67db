"""Figures as image files."""

from typing import Any

from curifactory.caching.cacheable import Cacheable


class FigureCacher(Cacheable):
    """Stores a matplotlib figure as an image, or anything else with a ``savefig``.

    A pickle beside the image brings the figure itself back.

    Parameters
    ----------
    format
        ``png``, ``svg`` or ``pdf``.
    savefig_args
        Keywords for ``savefig``.

    """

    def __init__(
        self,
        *args: Any,
        format: str = "png",  # noqa: A002 - matplotlib's name for it
        savefig_args: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if format not in {"png", "svg", "pdf"}:
            raise KeyError(
                f"format {format!r} is not known to FigureCacher; choose png, svg or pdf."
            )
        super().__init__(*args, **{"extension": f".{format}", **kwargs})
        self.format = format
        self.savefig_args = savefig_args or {}

    def save(self, obj: Any) -> str:
        """Write image and pickle, and return the image's path."""
        import pickle

        path = self.get_path()
        obj.savefig(path, format=self.format, **self.savefig_args)
        with open(self.get_path("_figure.pkl"), "wb") as file:
            pickle.dump(obj, file, protocol=5)
        return path

    def load(self) -> Any:
        """Return the figure."""
        import pickle

        with open(self.get_path("_figure.pkl"), "rb") as file:
            return pickle.load(file)

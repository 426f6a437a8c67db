"""The base of everything that a stage shows in a run's report."""

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from curifactory.paths import safe_component

if TYPE_CHECKING:
    from curifactory.record import Record


class Reportable(ABC):
    """Something shown in a run's report: a table, a figure, a text.

    Subclasses implement :meth:`html` and, if that refers to files, :meth:`render`. What
    :meth:`html` returns goes into the page as it is, so escape what you did not write yourself.

    Parameters
    ----------
    name
        Title in the report; without one the stage's name and a number are shown.
    group
        Reportables of the same group stand together in the report, under its name.

    Examples
    --------
    >>> import html
    >>> class Sentence(Reportable):
    ...     def __init__(self, text, name=None, group=None):
    ...         super().__init__(name, group)
    ...         self.text = text
    ...
    ...     def html(self):
    ...         return f"<p>{html.escape(self.text)}</p>"
    >>> Sentence("3 < 4", name="proof").html()
    '<p>3 &lt; 4</p>'

    """

    # Defaults on the class: a subclass whose __init__ forgets super() works all the same.
    name: str | None = None
    """Title in the report."""
    group: str | None = None
    """Name of the group it belongs to, or ``None``."""
    qualified_name: str = ""
    """Name that no other reportable of the run has; set when it is reported."""
    record: "Record | None" = None
    """The record that reported it; left out when it is pickled."""
    stage: str | None = None
    """Name of the stage that reported it."""
    path: str = ""
    """Folder to write files into during :meth:`render`; during :meth:`html`, the same folder as
    the page refers to it, such as ``reportables``."""
    rendered: bool = False
    """Whether :meth:`render` has been called by a report."""

    def __init__(self, name: str | None = None, group: str | None = None) -> None:
        self.name = name
        self.group = group

    @abstractmethod
    def html(self) -> str | list[str]:
        """Return the HTML that shows it; the parts of a list follow each other."""

    def render(self) -> None:  # noqa: B027 - most reportables have no files
        """Write the files that the HTML refers to into the folder ``path``; none by default."""

    def scripts(self) -> list[str]:
        """Return JavaScript that the HTML needs; a page runs each text once, after its content.

        Scripts in the HTML itself do not run.
        """
        return []

    def file_name(self, extension: str) -> str:
        """Return a file name for :meth:`render` that no other reportable of the run has.

        Parameters
        ----------
        extension
            The end of the name, with its dot. Give each file of one reportable another end.

        """
        return f"{safe_component(self.qualified_name)}{extension}"

    def detached(self) -> Self:
        """Return a copy without its record, to be sent to another process."""
        twin = copy.copy(self)
        twin.record = None
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the record, which holds the whole run."""
        return self.__dict__ | {"record": None}

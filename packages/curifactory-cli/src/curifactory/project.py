"""Making projects, under the documented name of the module."""

from curifactory.cli.init import make_project
from curifactory.cli.scaffold import Parts, project_files, project_folders

__all__ = ["Parts", "make_project", "project_files", "project_folders"]

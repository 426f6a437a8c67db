"""Reports: what stages show of their results, and the pages that show it with its run."""

from curifactory.reporting.df_reporter import DFReporter
from curifactory.reporting.exporter import ReportExporter
from curifactory.reporting.figure_reporter import FigureReporter
from curifactory.reporting.html_reporter import HTMLReporter
from curifactory.reporting.image_reporter import ImageReporter
from curifactory.reporting.index_page import update_report_index
from curifactory.reporting.json_reporter import JsonReporter
from curifactory.reporting.latex_table_reporter import LatexTableReporter
from curifactory.reporting.line_plot_reporter import LinePlotReporter
from curifactory.reporting.maps import map_dot, map_full_svg, map_single_svg, render_graph
from curifactory.reporting.metrics_reporter import MetricsReporter
from curifactory.reporting.notebook import write_experiment_notebook
from curifactory.reporting.reportable import Reportable
from curifactory.reporting.text_reporter import TextReporter

__all__ = [
    "DFReporter",
    "FigureReporter",
    "HTMLReporter",
    "ImageReporter",
    "JsonReporter",
    "LatexTableReporter",
    "LinePlotReporter",
    "MetricsReporter",
    "ReportExporter",
    "Reportable",
    "TextReporter",
    "map_dot",
    "map_full_svg",
    "map_single_svg",
    "render_graph",
    "update_report_index",
    "write_experiment_notebook",
]

"""Reports: what stages show of their results, and the pages that show it with its run."""

from curifactory.reporting.df_reporter import DFReporter
from curifactory.reporting.exporter import ReportExporter
from curifactory.reporting.index_page import update_report_index
from curifactory.reporting.json_reporter import JsonReporter
from curifactory.reporting.line_plot_reporter import LinePlotReporter
from curifactory.reporting.reportable import Reportable

__all__ = [
    "DFReporter",
    "JsonReporter",
    "LinePlotReporter",
    "ReportExporter",
    "Reportable",
    "update_report_index",
]

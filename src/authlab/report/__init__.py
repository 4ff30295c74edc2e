"""Stored runs as typed reports, and those as JSON, HTML, Markdown and JUnit XML; runs compared with each other."""

from authlab.report.compare.comparison import COMPARISON_SCHEMA, Comparison, compare_runs, comparison_json
from authlab.report.compare.markdown import render_comparison_markdown
from authlab.report.compare.page import render_comparison_html
from authlab.report.html import render_html
from authlab.report.junit import render_comparison_junit, render_junit
from authlab.report.markdown import render_markdown
from authlab.report.report import Report, build_report
from authlab.report.serial import REPORT_SCHEMA, report_json
from authlab.report.summary import summary_lines

__all__ = [
    "COMPARISON_SCHEMA",
    "REPORT_SCHEMA",
    "Comparison",
    "Report",
    "build_report",
    "compare_runs",
    "comparison_json",
    "render_comparison_html",
    "render_comparison_junit",
    "render_comparison_markdown",
    "render_html",
    "render_junit",
    "render_markdown",
    "report_json",
    "summary_lines",
]

"""Stored runs as report.json, HTML, Markdown and JUnit XML; runs held against each other."""

from authlab.report.assemble import REPORT_SCHEMA, build_report
from authlab.report.compare.assemble import COMPARISON_SCHEMA, compare_runs
from authlab.report.compare.markdown import render_comparison_markdown
from authlab.report.compare.page import render_comparison_html
from authlab.report.html import render_html
from authlab.report.junit import render_comparison_junit, render_junit
from authlab.report.markdown import render_markdown
from authlab.report.summary import summary_lines

__all__ = [
    "COMPARISON_SCHEMA",
    "REPORT_SCHEMA",
    "build_report",
    "compare_runs",
    "render_comparison_html",
    "render_comparison_junit",
    "render_comparison_markdown",
    "render_html",
    "render_junit",
    "render_markdown",
    "summary_lines",
]

"""The figures of a report: one file per chart, each a pure function of a setup in report.json."""

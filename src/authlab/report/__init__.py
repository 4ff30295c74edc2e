"""A stored run as report.json, HTML and Markdown."""

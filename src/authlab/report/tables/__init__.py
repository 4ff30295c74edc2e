"""What report.json says of one setup: one file per question, each a pure function of a `Setup`."""

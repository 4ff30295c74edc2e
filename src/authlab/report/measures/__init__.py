"""What more than one part of the report asks of a stage: pure functions of its tables, each with intervals."""

"""The lab: the only package that knows all parts (plan, stacks, load, tables, verdicts, report)."""

"""The only place where the parts meet: plan, stacks, load, tables, verdicts, report."""

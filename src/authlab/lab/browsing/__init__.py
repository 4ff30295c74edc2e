"""The browser lab: it starts its sites, runs its program, and judges its experiments."""

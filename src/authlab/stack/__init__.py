"""The parts of a running mode: proxy, workers, store."""

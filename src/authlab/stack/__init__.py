"""What stands a mode up: proxy, workers, store."""

"""The browser lab's meeting place: its sites stood up, its program run, its experiments judged."""

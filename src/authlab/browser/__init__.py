"""The browser lab's parts: sites, Chromium, the program that drives it, and the rules that predict its answers."""

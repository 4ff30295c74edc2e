"""The program that drives Chromium: run by the lab as `python -m authlab.browser.drive ORDER`, never imported by it.

What it reports comes from the API's own record and carts and from the loot that reached the attacker: the page's
word counts only where the question is what the page's user sees.
"""

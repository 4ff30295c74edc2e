"""The program that drives Chromium. The lab runs it as `python -m authlab.browser.drive ORDER`, and never imports it.

Its answers come from the API's own record and carts, and from the loot that reached the attacker. What the page says
counts only if the question is what the page's user sees.
"""

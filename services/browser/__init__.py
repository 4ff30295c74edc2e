"""A DELIBERATELY WEAK API, for the browser lab alone. It is never part of a mode. Never copy it.

It changes state on a GET, takes forms without a CSRF token, keeps tokens in cookies that scripts can read, and offers
every wrong CORS policy beside the right one. Each weakness is there so that a real browser can show what it costs, next
to the defence that works. It listens on loopback behind the browser lab's own nginx, and nothing else starts it. The
ordinary modes never import this package.
"""

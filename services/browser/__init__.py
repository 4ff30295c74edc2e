"""A DELIBERATELY WEAK API, for the browser lab alone. Never part of a mode, never to be copied.

It answers a GET that buys, takes forms without a CSRF token, keeps tokens in cookies that scripts can read, and offers
every wrong CORS policy beside the right one: each weakness is there so that a real browser can show what it costs, next
to the defence that holds. It listens on loopback behind the browser lab's own nginx and is started by nothing else; the
ordinary modes never import this package.
"""

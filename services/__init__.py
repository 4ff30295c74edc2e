"""The system under test: one small Flask service whose authentication state lives wherever `AUTHLAB_STATE` says.

It imports Flask, redis, PyJWT and the standard library, never the lab: the lab starts it as a program, so that
any service that keeps the same HTTP contract (`openapi.yaml`) can stand in its place.
"""

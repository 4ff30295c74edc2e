"""The system under test: one small Flask service. `AUTHLAB_STATE` says where its authentication state is kept.

It imports Flask, redis, PyJWT and the standard library, never the lab. The lab starts it as a program, so any
service that keeps the same HTTP contract (`openapi.yaml`) can replace it.
"""

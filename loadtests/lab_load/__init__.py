"""What the scenarios share: schedule, client, credential, checks and recorder.

Only Locust files import it. It imports locust, gevent and the standard library, never authlab. It hands its results to
the lab as a folder of files (see `recording.py`).
"""

"""What the scenarios share: schedule, client, credential, checks and recorder.

Imported by Locust files only. It imports locust, gevent and the standard library, never authlab: the
hand-over to the lab is a folder of files (see `recording.py`).
"""

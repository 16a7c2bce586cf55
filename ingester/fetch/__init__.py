"""From the name of a log file to its bytes, and from a source to the log files that lie in it.

In: log files as a notification or a listing named them. Out: their bytes with the ETag that they had, a few log
files ahead of decoding. Runs in the worker process; only `listing` runs in the supervisor process, and imports no
obstore. Clients are made on first use, so a run over a directory loads neither obstore nor boto3.
"""

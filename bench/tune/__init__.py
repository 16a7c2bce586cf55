"""`./scripts/tune`: which workers, fetches ahead and batch rows suit this machine and these log files.

In go a source (a directory, an S3 prefix, or a live queue, of which only a sample is looked at) and an output. Out
come a table, charts and a command line. Each trial is a real run over the same sample, its output is thrown away.
"""

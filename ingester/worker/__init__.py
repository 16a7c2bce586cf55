"""The data plane, one process a worker: log files assigned by the supervisor go in, prepared commits come out.

Knows the order of the steps (fetch, gunzip, decode, columns, partition, stage) and nothing of their insides.
Started by the supervisor as `python -m ingester.worker`, never imported by it.
"""

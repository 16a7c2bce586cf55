"""A random run of faults: in: minutes and a seed; out: the oracle's verdict and what was measured.

Runs in one process beside a moto server, a proxy that misbehaves, and the ingester with its workers.
"""

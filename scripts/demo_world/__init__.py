"""A small AWS world on loopback: a moto server, CloudTrail log files and the notifications that announce them.

The demo runs in it, and tests and benches borrow from it. Not part of the `ingester` package.
"""

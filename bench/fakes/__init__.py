"""A fake S3 and SQS for benches only: prepared bytes over plain HTTP, fast enough not to be what is measured.

In goes a `World` (which bodies under which keys, first-byte latency, bandwidth, how fast messages arrive). Out come
an endpoint URL, a queue URL, and afterwards `Counts`: what was asked for, and the CPU time that the fake took.
It runs in a process of its own, one thread. Signatures are not checked, and nothing is kept beyond the process.
"""

"""The peers: other ways from CloudTrail log files to Parquet, each as its users would write it.

Every module is a program of its own, `python -m bench.peers.with_… FOLDER OUTPUT`, one thread, which writes
`OUTPUT/*.parquet` with our columns as far as it can. `bench.rows` compares every row before any time counts.
"""

"""The promise held against a lake that is there: nothing lost, nothing twice, nothing dropped in silence.

In: a lake, its ledger, and if wanted the log files. Out: findings, each with what, where and what to do. Also the
ledger rebuilt from the data files, and what the quarantine holds. Runs in the process of `ingester verify` or
`ingester quarantine`, alone with the lake's lock.
"""

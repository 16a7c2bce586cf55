"""The benches: what each step costs, against the floor and against peers, and what holds a whole run back.

`./scripts/bench` runs them (`python -m bench`), each measurement in a process of its own; results go to
`bench/results/`, and with `--report` to `bench/REPORT.md` and `bench/charts/`. Not part of the `ingester` package.
"""

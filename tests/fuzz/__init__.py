"""Hostile bytes: what is fed to the readers of notifications and log files, and what must hold whatever they are.

`targets` says what must hold. It is asked by hypothesis (tests/properties/test_hostile_bytes.py), by the inputs in
`corpus`, which CI replays, and by atheris, which looks for new ones: `./scripts/fuzz --minutes 5`.
"""

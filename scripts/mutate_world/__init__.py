"""Breaks the product on purpose, one line at a time, and sees that the fault test that claims to notice it does.

In: the docstrings of `tests/faults`. Out: for each mutation whether its test fails. Writes into copies only.
"""

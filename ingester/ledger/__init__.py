"""What is committed: the point of truth of exactly once.

In: commits (a few data files and the log files whose rows are all in them). Out: which log files are in, which
commits are not published yet, totals. Runs in the supervisor process only: nobody else writes it, and that is the
fence against a worker that was thought dead.
"""

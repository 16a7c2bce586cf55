"""The control plane, one process: messages in, jobs out to the workers, commits, publishes and deletes back.

Moves names, receipts and counts only; the bytes of log files exist in workers. The loop runs in the main thread;
receiving, acknowledging, committing and listing have a thread each and speak to it through the mailbox.
"""

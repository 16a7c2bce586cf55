"""SQS: receive messages, extend their visibility, delete them in batches, ask how many are left.

In: queue URLs and settings, messages to extend or to delete. Out: `ingester.model.message.Message`, and what came
of each batch (`BatchOutcome`). Runs in the supervisor process, in threads of its own; a client serves all of them.
Four calls of SQS are all it needs (`calls.SqsCalls`), made without boto3 (`signed.SignedSqs`).
"""

"""Message body → notification: one small parser an envelope, and the list of them.

In: the body of a queue message, as text. Out: `ingester.model.notification.Notification`, or
UnknownNotificationError. Runs in the supervisor process; pure, without clock or I/O, safe from any thread.

With `--verify-sns` the messages go through `verifier` first, which says whether SNS has signed them; its clock and
its download are handed in.
"""

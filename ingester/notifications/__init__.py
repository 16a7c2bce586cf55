"""Message body → notification: one small parser an envelope, and the list of them.

In: the body of a queue message, as text. Out: `ingester.model.notification.Notification`, or
UnknownNotificationError. Runs in the supervisor process; pure, without clock or I/O, safe from any thread.
"""

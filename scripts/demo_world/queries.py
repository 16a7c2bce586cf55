"""Questions that a security engineer asks, as DuckDB SQL over the demo's Parquet. `events` is the view of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question and the query that answers it."""

    text: str
    sql: str


QUESTIONS = (
    Question(
        "Who is trying door after door? Bursts of AccessDenied within five minutes.",
        """\
SELECT time_bucket(INTERVAL '5 minutes', eventTime) AS since,
       userIdentity.accountId                   AS account,
       split_part(userIdentity.arn, '/', 2)     AS role,
       sourceIPAddress                          AS address,
       count(*)                                 AS denied,
       count(DISTINCT eventSource || eventName) AS calls
FROM events
WHERE errorCode = 'AccessDenied'
GROUP BY ALL
HAVING calls >= 10
ORDER BY denied DESC""",
    ),
    Question(
        "Who opened a door or hid the tracks, from an address that this account hardly ever sees?",
        """\
WITH seen AS (
    SELECT recipientAccountId, sourceIPAddress, count(*) AS calls
    FROM events GROUP BY ALL
)
SELECT eventTime, recipientAccountId AS account, eventName,
       sourceIPAddress AS address,
       coalesce(requestParameters->>'$.userName',
                split_part(requestParameters->>'$.name', '/', 2)) AS target
FROM events JOIN seen USING (recipientAccountId, sourceIPAddress)
WHERE eventName IN ('CreateAccessKey', 'CreateUser', 'AttachUserPolicy',
                    'StopLogging', 'DeleteTrail')
  AND errorCode IS NULL AND seen.calls < 500
ORDER BY ALL""",
    ),
    Question(
        "Did someone sign in as root without a second factor?",
        """\
SELECT eventTime, recipientAccountId AS account,
       sourceIPAddress AS address,
       responseElements->>'$.ConsoleLogin' AS outcome, errorMessage
FROM events
WHERE eventName = 'ConsoleLogin' AND userIdentity.type = 'Root'
  AND additionalEventData->>'$.MFAUsed' = 'No'
ORDER BY ALL""",
    ),
)

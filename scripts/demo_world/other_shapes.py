"""Records that are no API calls of the usual shape: Insights, network activity through VPC endpoints, aggregates.

They are delivered in log files of their own, under their own name in the key.
"""

from typing import Any

from scripts.demo_world.calls import KMS_KEY

_NETWORK_IDENTITY = {"type": "AWSAccount", "principalId": "AROA<pod_id>:<function>", "accountId": "<account>"}

OTHER_SHAPES: dict[str, tuple[dict[str, Any], ...]] = {
    "CloudTrail-Insight": tuple(
        {
            "eventVersion": "1.09",
            "eventTime": "<time>",
            "awsRegion": "<region>",
            "eventID": "<event_id>",
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": "<account>",
            "sharedEventID": "<shared_id>",
            "insightDetails": {
                "state": state,
                "eventSource": "ec2.amazonaws.com",
                "eventName": "RunInstances",
                "insightType": "ApiErrorRateInsight",
                "errorCode": "Client.RequestLimitExceeded",
                "insightContext": {
                    "statistics": {
                        "baseline": {"average": 9.82222e-05},
                        "insight": {"average": 0.6},
                        "insightDuration": 5,
                        "baselineDuration": 11336,
                    },
                    "attributions": [
                        {
                            "attribute": "userIdentityArn",
                            "insight": [
                                {"value": "arn:aws:sts::<account>:assumed-role/<scaling>/AutoScaling", "average": 0.6}
                            ],
                            "baseline": [
                                {"value": "arn:aws:iam::<account>:role/<ci>", "average": 9.82222e-05}
                            ],
                        },
                        {"attribute": "userAgent", "insight": [{"value": "aws-sdk-go/1.44.260", "average": 0.6}]},
                    ],
                },
            },
            "eventCategory": "Insight",
        }
        for state in ("Start", "End")
    ),
    "CloudTrail-NetworkActivity": (
        {
            "eventVersion": "1.09",
            "userIdentity": _NETWORK_IDENTITY,
            "eventTime": "<time>",
            "eventSource": "kms.amazonaws.com",
            "eventName": "Decrypt",
            "awsRegion": "<region>",
            "sourceIPAddress": "10.129.198.<id_byte>",
            "errorCode": "VpceAccessDenied",
            "errorMessage": "The request was denied due to a VPC endpoint policy",
            "requestID": "<request_id>",
            "eventID": "<event_id>",
            "resources": [KMS_KEY],
            "eventType": "AwsVpceEvent",
            "recipientAccountId": "<account>",
            "sharedEventID": "<shared_id>",
            "vpcEndpointId": "vpce-0<id8>",
            "vpcEndpointAccountId": "<account>",
            "eventCategory": "NetworkActivity",
        },
    ),
    "CloudTrail-Aggregated": (
        {
            "eventVersion": "1.0",
            "accountId": "<account>",
            "eventId": "<event_id>",
            "eventCategory": "Aggregated",
            "eventType": "AwsAggregatedEvent",
            "awsRegion": "<region>",
            "eventSource": "s3.amazonaws.com",
            "timeWindow": {"windowStart": "<session_time>", "windowEnd": "<time>", "windowSize": "PT5M"},
            "summary": {
                "primaryDimension": {
                    "dimension": "resourceARN",
                    "statistics": [{"name": "arn:aws:s3:::<bucket>", "value": "<#n>"}],
                },
                "details": [{"dimension": "eventName", "statistics": [{"name": "GetObject", "value": "<#n>"}]}],
            },
        },
    ),
}  # fmt: skip

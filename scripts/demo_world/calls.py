"""What is called: AWS calls with the shape of their request and response, and how often they are seen.

The proportions follow a busy production account: KMS, STS and what automation asks all day, few changes, few people.
"""

# ruff: noqa: E501 - a table reads better in long lines

from dataclasses import dataclass, field
from typing import Any

KEY_ARN = "arn:aws:kms:<region>:<account>:key/<kms_key>"
ROLE_ARN = "arn:aws:iam::<account>:role/<lambda>"
TABLE_ARN = "arn:aws:dynamodb:<region>:<account>:table/<table>"
FUNCTION_ARN = "arn:aws:lambda:<region>:<account>:function:<function>"
INSTANCE_ARN = "arn:aws:ec2:<region>:<account>:instance/<instance>"

KMS_KEY = {"accountId": "<account>", "type": "AWS::KMS::Key", "ARN": KEY_ARN}
IAM_ROLE = {"accountId": "<account>", "type": "AWS::IAM::Role", "ARN": ROLE_ARN}


@dataclass(frozen=True)
class Call:
    """One API call as it is seen in CloudTrail. `more` holds further top-level fields of the record."""

    weight: float
    source: str
    name: str
    identities: tuple[str, ...]
    request: Any = None
    response: Any = None
    writes: bool = False
    service: str = "ec2.amazonaws.com"
    data: bool = False
    error: tuple[str, str] | None = None
    more: dict[str, Any] = field(default_factory=dict)


def denied(action: str, resource: str) -> tuple[str, str]:
    """The error of a call that no policy allows."""
    return (
        "AccessDenied",
        f"User: arn:aws:sts::<account>:assumed-role/<lambda>/<function> is not authorized to perform: {action} on "
        f"resource: {resource} because no identity-based policy allows the {action} action",
    )


_SIGV4 = {"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256"}
_S3_EXTRA = _SIGV4 | {
    "bytesTransferredIn": 0,
    "AuthenticationMethod": "AuthHeader",
    "x-amz-id-2": "<id8><id17>Zk3Y6p0s/rOQ5v7mDq1c0mVh2=",
    "bytesTransferredOut": "<#n>",
}
_S3_RESOURCES = [
    {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::<bucket>/exports/<id8>/part-<id17>.parquet"},
    {"accountId": "<account>", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::<bucket>"},
]
_S3_OBJECT = {
    "bucketName": "<bucket>",
    "Host": "<bucket>.s3.<region>.amazonaws.com",
    "key": "exports/<id8>/part-<id17>.parquet",
}
_ASSUMED = {
    "credentials": {
        "accessKeyId": "ASIA<lambda_key><session_key>",
        "sessionToken": "IQoJb3JpZ2luX2VjE<id8><id17>aCXVzLWVhc3QtMSJHMEUCIQ<id8>D6Kq1w2Zk3Y6p0srOQ5v7mDq1c0mVh2Q==",
        "expiration": "<expiry>",
    },
    "assumedRoleUser": {
        "assumedRoleId": "AROA<lambda_id>:<function>",
        "arn": "arn:aws:sts::<account>:assumed-role/<lambda>/<function>",
    },
}
_CONTEXT = {"aws:lambda:FunctionArn": FUNCTION_ARN}
_FILTERS = {
    "items": [{"name": "instance-state-name", "valueSet": {"items": [{"value": "running"}, {"value": "stopped"}]}}]
}

MANAGEMENT_CALLS = (
    Call(16, "kms", "Decrypt", ("lambda", "pod"), {"encryptionContext": _CONTEXT, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
         more={"resources": [KMS_KEY], "sharedEventID": "<shared_id>"}),
    Call(9, "kms", "GenerateDataKey", ("service", "pod"),
         {"keyId": KEY_ARN, "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::<bucket>"}, "keySpec": "AES_256"},
         service="s3.amazonaws.com", more={"resources": [KMS_KEY], "sharedEventID": "<shared_id>"}),
    Call(7, "kms", "Sign", ("other_account",),
         {"keyId": KEY_ARN, "messageType": "RAW", "signingAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"},
         more={"resources": [KMS_KEY], "sharedEventID": "<shared_id>"}),
    Call(10, "sts", "AssumeRole", ("service",),
         {"roleArn": ROLE_ARN, "roleSessionName": "<function>", "durationSeconds": 3600}, _ASSUMED,
         service="lambda.amazonaws.com", more={"resources": [IAM_ROLE], "sharedEventID": "<shared_id>"}),
    Call(5, "sts", "AssumeRoleWithWebIdentity", ("web_identity",),
         {"roleArn": "arn:aws:iam::<account>:role/<pod>", "roleSessionName": "aws-sdk-go-<#n>"},
         _ASSUMED | {"subjectFromWebIdentityToken": "system:serviceaccount:shop:<function>", "audience": "sts.amazonaws.com"},
         more={"resources": [IAM_ROLE]}),
    Call(0.4, "sts", "AssumeRoleWithSAML", ("saml",),
         {"sAMLAssertionID": "_<event_id>", "roleSessionName": "<person>@example.com", "roleArn": ROLE_ARN,
          "principalArn": "arn:aws:iam::<account>:saml-provider/corp-adfs"},
         _ASSUMED | {"packedPolicySize": 6, "issuer": "https://sts.example.com/adfs/services/trust"},
         more={"resources": [IAM_ROLE]}),
    Call(7, "sts", "GetCallerIdentity", ("ci", "node", "sso_cli", "user")),
    Call(5, "logs", "CreateLogStream", ("service", "lambda"),
         {"logGroupName": "/aws/lambda/<function>", "logStreamName": "2025/11/03/[$LATEST]<id8><id17>"}, writes=True,
         service="delivery.logs.amazonaws.com", more={"apiVersion": "20140328"}),
    Call(5, "secretsmanager", "GetSecretValue", ("lambda", "pod"),
         {"secretId": "arn:aws:secretsmanager:<region>:<account>:secret:prod/<table>-Ab3dEf"}),
    Call(4, "ssm", "UpdateInstanceInformation", ("node",),
         {"instanceId": "<instance>", "agentVersion": "3.3.987.0", "agentStatus": "Active", "platformType": "Linux",
          "platformName": "Amazon Linux", "platformVersion": "2023", "iPAddress": "10.129.198.<id_byte>",
          "computerName": "ip-10-129-198-<id_byte>.<region>.compute.internal", "agentName": "amazon-ssm-agent",
          "availabilityZone": "<region>a", "sSMConnectionChannel": "ssmmessages"}, writes=True),
    Call(4, "ssm", "GetParameter", ("lambda", "pod"), {"name": "/shop/<function>/config", "withDecryption": True},
         more={"resources": [{"accountId": "<account>", "ARN": "arn:aws:ssm:<region>:<account>:parameter/shop/<function>/config"}]}),
    Call(6, "ec2", "DescribeInstances", ("ci", "sso", "autoscaling"), {"maxResults": 1000, "instancesSet": {}, "filterSet": _FILTERS}),
    Call(3, "ec2", "DescribeNetworkInterfaces", ("node", "ci"),
         {"networkInterfaceIdSet": {}, "filterSet": {"items": [{"name": "vpc-id", "valueSet": {"items": [{"value": "vpc-<id17>"}]}}]}}),
    Call(3, "ec2", "DescribeInstanceTypes", ("pod",),
         {"DescribeInstanceTypesRequest": {"nextToken": "<request_id>", "Filter": [
             {"Value": {"tag": 1, "content": "hvm"}, "tag": 1, "Name": "supported-virtualization-type"},
             {"Value": [{"tag": 1, "content": "x86_64"}, {"tag": 2, "content": "arm64"}], "tag": 2,
              "Name": "processor-info.supported-architecture"}]}}),
    Call(2, "ec2", "RunInstances", ("autoscaling", "ci"),
         {"instancesSet": {"items": [{"imageId": "ami-<id17>", "minCount": 1, "maxCount": 1}]}, "instanceType": "m7g.large",
          "blockDeviceMapping": {"items": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 40, "volumeType": "gp3"}}]},
          "availabilityZone": "<region>b", "monitoring": {"enabled": False}, "disableApiTermination": False},
         {"requestId": "<request_id>", "reservationId": "r-<id17>", "ownerId": "<account>", "groupSet": {},
          "instancesSet": {"items": [{"instanceId": "i-<id17>", "imageId": "ami-<id17>", "instanceState": {"code": 0, "name": "pending"},
                                      "amiLaunchIndex": 0, "instanceType": "m7g.large", "launchTime": 1762128000000,
                                      "placement": {"availabilityZone": "<region>b", "tenancy": "default"},
                                      "architecture": "arm64", "ebsOptimized": False, "tagSet": {"items": [
                                          {"key": "Name", "value": "workers"}, {"key": "team", "value": "data"}]}}]}},
         writes=True),
    Call(0.6, "ec2", "AuthorizeSecurityGroupIngress", ("sso", "ci"),
         {"groupId": "sg-<id17>", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "groups": {},
                                                             "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8", "description": "intern"}]}}]}},
         {"requestId": "<request_id>", "_return": True}, writes=True),
    Call(4, "elasticloadbalancing", "DescribeTargetHealth", ("pod", "ci"),
         {"targetGroupArn": "arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/k8s-shop-<id8>/<id17>"},
         more={"apiVersion": "2015-12-01"}),
    Call(2, "rds", "DescribeDBClusters", ("ci", "sso"), {"includeShared": False}),
    Call(2, "tagging", "GetResources", ("lambda",), {"resourcesPerPage": 100, "resourceTypeFilters": ["ec2:instance", "rds:db"]}),
    Call(3, "s3", "GetBucketAcl", ("service", "sso_cli"), {"bucketName": "<bucket>", "Host": "s3.<region>.amazonaws.com", "acl": ""},
         service="cloudtrail.amazonaws.com",
         more={"additionalEventData": _SIGV4 | {"bytesTransferredIn": 0, "bytesTransferredOut": "<#n>"},
               "resources": _S3_RESOURCES[1:], "sharedEventID": "<shared_id>"}),
    Call(1, "s3", "ListBuckets", ("sso", "user"), {"Host": "s3.amazonaws.com"},
         more={"additionalEventData": _SIGV4 | {"bytesTransferredOut": 4182.0}, "vpcEndpointId": "vpce-<id17>",
               "vpcEndpointAccountId": "<account>"}),
    Call(1, "lambda", "UpdateFunctionCode20150331v2", ("ci",),
         {"functionName": "<function>", "s3Bucket": "<bucket>", "s3Key": "builds/<id8>.zip", "publish": True, "dryRun": False},
         {"functionName": "<function>", "functionArn": FUNCTION_ARN, "runtime": "python3.12", "role": ROLE_ARN,
          "handler": "app.handler", "codeSize": "<#n>", "timeout": 30, "memorySize": 1024, "codeSha256": "<id8><id17>=",
          "environment": {}, "tracingConfig": {"mode": "PassThrough"}, "packageType": "Zip", "state": "Active"}, writes=True),
    Call(1, "lambda", "ListFunctions20150331", ("sso", "ci"), more={"apiVersion": "2015-03-31"}),
    Call(1, "dynamodb", "DescribeTable", ("pod", "ci"), {"tableName": "<table>"},
         more={"resources": [{"accountId": "<account>", "type": "AWS::DynamoDB::Table", "ARN": TABLE_ARN}], "apiVersion": "2012-08-10"}),
    Call(1, "iam", "ListAttachedRolePolicies", ("ci", "sso"), {"roleName": "<lambda>"}),
    Call(0.5, "iam", "PutRolePolicy", ("ci",),
         {"roleName": "<lambda>", "policyName": "inline", "policyDocument":
          '{\n  "Version": "2012-10-17",\n  "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::<bucket>/*"}]\n}'},
         writes=True),
    Call(0.3, "iam", "GenerateCredentialReport", ("root", "user_mfa"), None, {"state": "STARTED", "description": "No report exists."}),
    Call(0.3, "sts", "GetFederationToken", ("user",), {"name": "<person>", "durationSeconds": 43200},
         {"credentials": _ASSUMED["credentials"], "federatedUser": {"federatedUserId": "<account>:<person>",
          "arn": "arn:aws:sts::<account>:federated-user/<person>"}, "packedPolicySize": 3}),
    Call(0.6, "cloudformation", "DescribeStacks", ("ci", "federated", "role"), {"stackName": "shop-<function>"}),
    Call(0.2, "workdocs", "GetDocument", ("directory",), {"documentId": "<id8><id17>"}),
    Call(0.3, "sso", "ListApplications", ("identity_center",), None, more={"eventType": "AwsServiceEvent",
         "serviceEventDetails": {"relayId": "<request_id>", "account_id": "<account>"}}),
    Call(0.5, "health", "DescribeEventAggregates", ("sso", "untyped"), {"aggregateField": "eventTypeCategory", "filter": {
         "eventStatusCodes": ["open", "upcoming"], "startTimes": [{"from": "Nov 3, 2025, 12:00:00 AM"}]}}),
    Call(0.2, "kms", "RotateKey", ("unknown",), None, None, writes=True,
         more={"resources": [KMS_KEY], "eventType": "AwsServiceEvent", "serviceEventDetails": {"keyId": "<kms_key>", "rotation": "1.688560107857E9"}}),
    Call(0.4, "signin", "ConsoleLogin", ("user_mfa", "sso"), None, {"ConsoleLogin": "Success"}, writes=True,
         more={"additionalEventData": {"LoginTo": "https://console.aws.amazon.com/console/home?region=<region>&state=hashArgs%23",
                                       "MobileVersion": "No", "MFAIdentifier": "arn:aws:iam::<account>:mfa/<user>", "MFAUsed": "Yes"},
               "eventType": "AwsConsoleSignIn"}),
    Call(0.5, "dynamodb", "DescribeContinuousBackups", ("lambda",), {"tableName": "<table>"},
         error=denied("dynamodb:DescribeContinuousBackups", TABLE_ARN)),
    Call(0.7, "s3", "GetBucketPolicy", ("sso_cli", "ci"), {"bucketName": "<bucket>", "Host": "<bucket>.s3.amazonaws.com", "policy": ""},
         error=("NoSuchBucketPolicy", "The bucket policy does not exist"),
         more={"additionalEventData": _SIGV4, "resources": _S3_RESOURCES[1:]}),
    Call(0.3, "ec2", "StartInstances", ("sso",), {"instancesSet": {"items": [{"instanceId": "<instance>"}]}}, writes=True,
         error=("Client.UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure "
                "message: <id8><id17>YbVJ0Jm2<id8>\u2026")),
    Call(0.15, "eks", "DescribeCluster", ("ci",), {"name": "shop"},
         more={"eventVersion": "1.12", "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
               "clientProvidedHostHeader": "eks.<region>.amazonaws.com", "postQuantum": True}, "requestOrigin": {"kind": "sdk", "hops": [1, 2]}}),
)  # fmt: skip

DATA_CALLS = (
    Call(12, "s3", "GetObject", ("lambda", "pod"), _S3_OBJECT, data=True,
         more={"additionalEventData": _S3_EXTRA, "resources": _S3_RESOURCES}),
    Call(6, "s3", "PutObject", ("lambda", "pod"), _S3_OBJECT | {"x-amz-server-side-encryption": "aws:kms"},
         {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": KEY_ARN}, writes=True, data=True,
         more={"additionalEventData": _S3_EXTRA, "resources": _S3_RESOURCES}),
    Call(6, "lambda", "Invoke", ("role", "service"), {"functionName": FUNCTION_ARN, "invocationType": "Event"},
         writes=True, data=True, service="events.amazonaws.com",
         more={"additionalEventData": {"functionVersion": FUNCTION_ARN + ":$LATEST"},
               "resources": [{"accountId": "<account>", "type": "AWS::Lambda::Function", "ARN": FUNCTION_ARN}], "sharedEventID": "<shared_id>"}),
    Call(6, "dynamodb", "GetItem", ("pod", "lambda"), {"tableName": "<table>", "key": {"Id": "HIDDEN_DUE_TO_SECURITY_REASONS"},
         "consistentRead": False}, data=True,
         more={"resources": [{"accountId": "<account>", "type": "AWS::DynamoDB::Table", "ARN": TABLE_ARN}], "apiVersion": "2012-08-10"}),
    Call(0.6, "s3", "GetObject", ("user", "sso_cli"), _S3_OBJECT, data=True,
         error=("AccessDenied", "Access Denied"), more={"additionalEventData": _S3_EXTRA, "resources": _S3_RESOURCES}),
)  # fmt: skip

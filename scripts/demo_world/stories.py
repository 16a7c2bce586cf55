"""What a security engineer should find in the demo's lake: an attack, told in records among the ordinary ones.

Credentials of a build role leak. Their finder tries what they allow, makes an access key for a service user,
copies exports, and stops the trail. Meanwhile someone signs in as root, without MFA, in another account.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from scripts.demo_world.calls import Call
from scripts.demo_world.identities import IDENTITIES, Identity

ATTACKER_IP = "192.0.2.66"
ROOT_IP = "192.0.2.201"
_AGENT = "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.15-amd64 exe/x86_64.kali.2024"
_TRAIL = {"name": "arn:aws:cloudtrail:<region>:<account>:trail/organization-trail"}
_CI = "arn:aws:sts::<account>:assumed-role/ci-deployer/GitHubActions"


@dataclass(frozen=True)
class Scene:
    """One event of a story: when, in seconds after the story's beginning, and by whom."""

    after_seconds: int
    call: Call
    identity: Identity


def stories() -> Iterator[tuple[int, int, list[Scene]]]:
    """Every story: the index of its account, the second of the first day on which it begins, its scenes."""
    yield 7, 3 * 3600 + 12 * 60, list(_stolen_credentials())
    yield 12, 14 * 3600 + 41 * 60, list(_root_without_mfa())


def _stolen_credentials() -> Iterator[Scene]:
    thief = replace(IDENTITIES["ci"], source_ip=ATTACKER_IP, user_agent=_AGENT)
    attempts = (
        ("iam", "ListUsers"), ("iam", "ListRoles"), ("iam", "GetAccountAuthorizationDetails"), ("s3", "ListBuckets"),
        ("secretsmanager", "ListSecrets"), ("ssm", "DescribeParameters"), ("ec2", "DescribeSnapshots"),
        ("rds", "DescribeDBSnapshots"), ("organizations", "ListAccounts"), ("ses", "GetSendQuota"),
        ("bedrock", "ListFoundationModels"), ("lambda", "ListFunctions20150331"),
    )  # fmt: skip
    for number in range(120):
        service, name = attempts[number % len(attempts)]
        reason = (
            f"User: {_CI} is not authorized to perform: {service}:{name} because no identity-based policy allows it"
        )
        yield Scene(2 * number, Call(0, service, name, (), error=("AccessDenied", reason)), thief)
    yield Scene(300, Call(0, "sts", "GetCallerIdentity", ()), thief)
    made = {
        "accessKeyId": "AKIA<user_key>",
        "status": "Active",
        "userName": "svc-backup",
        "createDate": "Nov 3, 2025, 3:18:02 AM",
    }
    yield _change(362, "iam", "CreateAccessKey", {"userName": "svc-backup"}, {"accessKey": made}, thief)
    policy = {"userName": "svc-backup", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    yield _change(371, "iam", "AttachUserPolicy", policy, None, thief)
    for number in range(24):
        copied = {"bucketName": "exports-<account>", "key": f"customers/2025/10/part-{number:05}.parquet"}
        yield Scene(400 + 3 * number, Call(0, "s3", "GetObject", (), copied, data=True), thief)
    yield _change(490, "cloudtrail", "StopLogging", _TRAIL, None, thief)
    yield _change(505, "cloudtrail", "DeleteTrail", _TRAIL, None, thief)


def _root_without_mfa() -> Iterator[Scene]:
    known = IDENTITIES["root"]
    without_session = {name: value for name, value in known.user_identity.items() if name != "sessionContext"}
    root = replace(known, user_identity=without_session, source_ip=ROOT_IP)
    sign_in = {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "No"}
    more = {"additionalEventData": sign_in, "eventType": "AwsConsoleSignIn"}
    failed = Call(0, "signin", "ConsoleLogin", (), None, {"ConsoleLogin": "Failure"}, writes=True, more=more)
    for number in range(3):
        yield Scene(20 * number, replace(failed, more=more | {"errorMessage": "Failed authentication"}), root)
    yield Scene(75, replace(failed, response={"ConsoleLogin": "Success"}), root)
    yield _change(
        240,
        "iam",
        "CreateUser",
        {"userName": "support-admin"},
        {"user": {"userName": "support-admin", "path": "/"}},
        root,
    )


def _change(after_seconds: int, source: str, name: str, request: Any, response: Any, who: Identity) -> Scene:
    return Scene(after_seconds, Call(0, source, name, (), request, response, writes=True), who)

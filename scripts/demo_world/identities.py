"""Who calls: userIdentity of every type that CloudTrail knows, with the address and the agent that go with it.

`<name>` is filled in when a record is cast for an account (see `records.py`), or for each record.
"""

from dataclasses import dataclass
from typing import Any

OFFICE = "203.0.113.<office>"
NAT = "198.51.100.<nat>"


@dataclass(frozen=True)
class Identity:
    """A caller. `console`: it works through the console, and its credentials say so."""

    user_identity: dict[str, Any]
    source_ip: str
    user_agent: str
    console: bool = False


def assumed_role(
    role: str, session: str, *, path: str = "", mfa: str = "false", federation: Any = None, **more: Any
) -> dict[str, Any]:
    """The userIdentity of a role session; `more` goes into sessionContext as it is."""
    principal = f"AROA<{role}_id>"
    context: dict[str, Any] = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": principal,
            "arn": f"arn:aws:iam::<account>:role/{path}<{role}>",
            "accountId": "<account>",
            "userName": f"<{role}>",
        }
    }
    if federation is not None:
        context["webIdFederationData"] = federation
    context["attributes"] = {"creationDate": "<session_time>", "mfaAuthenticated": mfa}
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::<account>:assumed-role/<{role}>/{session}",
        "accountId": "<account>",
        "accessKeyId": f"ASIA<{role}_key><session_key>",
        "sessionContext": context | more,
    }


_SSO = assumed_role("sso", "<person>@example.com", path="aws-reserved/sso.amazonaws.com/<region>/", mfa="true")
_IAM_USER = {
    "type": "IAMUser",
    "principalId": "AIDA<user_id>",
    "arn": "arn:aws:iam::<account>:user/<user>",
    "accountId": "<account>",
    "accessKeyId": "AKIA<user_key>",
    "userName": "<user>",
}
_MFA_SESSION = {"sessionContext": {"attributes": {"creationDate": "<session_time>", "mfaAuthenticated": "true"}}}
_CONSOLE_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
_CLUSTER_PROVIDER = "arn:aws:iam::<account>:oidc-provider/oidc.eks.<region>.amazonaws.com/id/<cluster_id>"
_ON_BEHALF_OF = {
    "userId": "<directory_user>",
    "identityStoreArn": "arn:aws:identitystore::<org_account>:identitystore/d-9067642ac7",
}

IDENTITIES: dict[str, Identity] = {
    "sso": Identity(_SSO, OFFICE, _CONSOLE_AGENT, console=True),
    "sso_cli": Identity(
        _SSO | {"onBehalfOf": _ON_BEHALF_OF},
        OFFICE,
        "aws-cli/2.22.35 md/awscrt#0.23.4 ua/2.0 os/macos#24.1.0 md/arch#arm64 lang/python#3.12.6",
    ),
    "ci": Identity(
        assumed_role(
            "ci",
            "GitHubActions",
            federation={
                "federatedProvider": "arn:aws:iam::<account>:oidc-provider/token.actions.githubusercontent.com",
                "attributes": {},
            },
        ),
        "198.51.100.<id_byte>",
        "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.80.0 "
        "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.32.6 os/linux lang/go#1.23.3",
    ),
    "node": Identity(
        assumed_role("node", "<instance>", federation={}, ec2RoleDelivery="2.0"),
        NAT,
        "aws-sdk-go/1.44.260 (go1.20.12; linux; amd64) amazon-ssm-agent/",
    ),
    "lambda": Identity(
        assumed_role("lambda", "<function>"),
        NAT,
        "Boto3/1.35.90 md/Botocore#1.35.90 ua/2.0 os/linux#5.10.228-240.880.amzn2.x86_64 md/arch#x86_64 "
        "lang/python#3.12.8 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 Botocore/1.35.90",
    ),
    "pod": Identity(
        assumed_role(
            "pod",
            "aws-sdk-java-1730612345678",
            federation={
                "federatedProvider": _CLUSTER_PROVIDER,
                "attributes": {},
            },
        ),
        NAT,
        "aws-sdk-java/2.29.23 Linux/5.10.228-219.884.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/21.0.5+11-LTS "
        "Java/21.0.5 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy",
    ),
    "autoscaling": Identity(
        assumed_role("scaling", "AutoScaling", path="aws-service-role/autoscaling.amazonaws.com/")
        | {"invokedBy": "autoscaling.amazonaws.com"},
        "autoscaling.amazonaws.com",
        "autoscaling.amazonaws.com",
    ),
    "user": Identity(
        _IAM_USER, NAT, "aws-cli/1.36.10 md/Botocore#1.35.69 ua/2.0 os/linux#6.1.115 lang/python#3.11.10"
    ),
    "user_mfa": Identity(_IAM_USER | _MFA_SESSION, OFFICE, _CONSOLE_AGENT, console=True),
    "service": Identity({"type": "AWSService", "invokedBy": "<service>"}, "<service>", "<service>"),
    "other_account": Identity(
        {"type": "AWSAccount", "principalId": "AROA<ci_id>:i-<id17>", "accountId": "<other_account>"},
        "198.51.100.<id_byte>",
        "aws-sdk-js/3.699.0 ua/2.1 os/linux#5.10.228-240.880.amzn2.x86_64 lang/js md/nodejs#20.18.0 "
        "api/kms#3.699.0 exec-env/AWS_Lambda_nodejs20.x",
    ),
    "web_identity": Identity(
        {
            "type": "WebIdentityUser",
            "principalId": f"{_CLUSTER_PROVIDER}:sts.amazonaws.com:system:serviceaccount:shop:<function>",
            "userName": "system:serviceaccount:shop:<function>",
            "identityProvider": _CLUSTER_PROVIDER,
        },
        NAT,
        "aws-sdk-go-v2/1.32.6 os/linux lang/go#1.23.3 md/GOOS#linux md/GOARCH#arm64 api/sts#1.33.2",
    ),
    "saml": Identity(
        {
            "type": "SAMLUser",
            "principalId": "Z2hvc3Q=:<person>@example.com",
            "userName": "<person>@example.com",
            "identityProvider": "arn:aws:iam::<account>:saml-provider/corp-adfs",
        },
        OFFICE,
        "aws-internal/3 aws-sdk-java/1.12.779 Linux/4.9.273-0.1.ac.226.84.332.metal1.x86_64",
    ),
    "identity_center": Identity(
        {
            "type": "IdentityCenterUser",
            "accountId": "<account>",
            "onBehalfOf": _ON_BEHALF_OF,
            "credentialId": "<credential>",
        },
        OFFICE,
        _CONSOLE_AGENT,
    ),
    "federated": Identity(
        {
            "type": "FederatedUser",
            "principalId": "<account>:<person>",
            "arn": "arn:aws:sts::<account>:federated-user/<person>",
            "accountId": "<account>",
            "accessKeyId": "ASIA<user_key>",
            "sessionContext": {
                "sessionIssuer": {key: value for key, value in _IAM_USER.items() if key != "accessKeyId"},
                "attributes": {"creationDate": "<session_time>", "mfaAuthenticated": "false"},
            },
        },
        OFFICE,
        "[aws-cli/1.36.10 Python/3.11.10 Linux/6.1.115]",
    ),
    "directory": Identity(
        {"type": "Directory", "principalId": "d-9067642ac7", "accountId": "<account>", "userName": "<person>"},
        OFFICE,
        "workdocs.amazonaws.com",
    ),
    "role": Identity(
        {
            "type": "Role",
            "principalId": "AROA<lambda_id>:<function>",
            "arn": "arn:aws:iam::<account>:role/<lambda>",
            "accountId": "<account>",
            "inScopeOf": {
                "issuerType": "AWS::Lambda::Function",
                "credentialsIssuedTo": "arn:aws:lambda:<region>:<account>:function:<function>",
            },
        },
        "lambda.amazonaws.com",
        "lambda.amazonaws.com",
    ),
    "root": Identity(
        {
            "type": "Root",
            "principalId": "<account>",
            "arn": "arn:aws:iam::<account>:root",
            "accountId": "<account>",
            "accessKeyId": "",
        }
        | _MFA_SESSION,
        OFFICE,
        _CONSOLE_AGENT,
        console=True,
    ),
    "untyped": Identity({"accountId": "<account>", "invokedBy": "<service>"}, "<service>", "<service>"),
    "unknown": Identity(
        {"type": "Unknown", "principalId": "", "accountId": "<account>", "userName": ""},
        "AWS Internal",
        "AWS Internal",
    ),
}

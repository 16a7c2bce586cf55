"""Inputs that are worth another look at every change: hostile by design, or found by fuzzing. Made here, by hand."""

import gzip
import json
from functools import cache
from typing import Any

from isal import igzip

from scripts.demo_world.log_files import log_file, pack
from scripts.demo_world.notifications import (
    VALIDATION_MESSAGE,
    StoredObject,
    cloudtrail_message,
    eventbridge_event,
    s3_event,
    s3_test_event,
)
from tests.support.sns import signed_body

_STORED = StoredObject("b", "AWSLogs/1/CloudTrail/eu-west-1/2024/03/13/a+b %2F.json.gz", "e", 7)
_DEEP = 20_000
"""Deeper than any parser here goes. A hundred thousand deep: `tests/faults/test_bombs.py`."""
_NESTED = b"[" * _DEEP + b"]" * _DEEP


@cache
def inputs(target: str) -> list[bytes]:
    """The inputs of a target in `tests.fuzz.targets`."""
    return {"notification": _notifications, "log_file": _log_files, "record": _records}[target]()


def _notifications() -> list[bytes]:
    direct = [
        cloudtrail_message([_STORED, _STORED]),
        s3_event([_STORED]),
        eventbridge_event(_STORED),
        s3_test_event("b"),
        VALIDATION_MESSAGE,
    ]
    hostile = [
        "", "\0", "\ufeff{}", "null", "-0", "1e999", "[" * _DEEP, '{"Records":' * _DEEP, "[" * _DEEP + "]" * _DEEP,
        '{"s3Bucket":"b","s3ObjectKey":' + "[" * _DEEP + "]" * _DEEP + "}",
        '{"s3Bucket":"b","s3Bucket":"c","s3ObjectKey":["../../etc/passwd","\\u0000","%2F..%2F","a/"]}',
        '{"s3Bucket":"b","s3ObjectKey":[""]}', '{"s3Bucket":"","s3ObjectKey":["/etc/passwd"]}',
        '{"Type":"Notification","Message":' + json.dumps('{"Type":"Notification","Message":"{}"}') + "}",
        '{"Type":"Notification","Message":"\\ud800"}',
        s3_event([_STORED]).replace("%252F", "%FF"),
        s3_event([_STORED]).replace('"size": 7', '"size": 1e400'),
        s3_event([_STORED]).replace('"size": 7', '"size": ' + "9" * 5_000),
        s3_event([_STORED] * 2).replace("aws:s3", "aws:sqs", 1),
    ]  # fmt: skip
    wrapped = [signed_body(text, MessageId="1") for text in direct]
    odd_bytes = [b"\xff\xfe{}", b"\xed\xa0\x80", bytes(range(256))]
    return [text.encode("utf-8", "surrogatepass") for text in (*direct, *wrapped, *hostile)] + odd_bytes


def _log_files() -> list[bytes]:
    text = igzip.decompress(log_file(3).body)
    packed = gzip.compress(text, mtime=0)[3:]
    plain = [
        text, text.replace(b":", b" :\n"), b"\xef\xbb\xbf" + text, b" " * 300 + text + b"\n" * 300, b"", b"{", b"[]",
        b'{"Records":[]}', b'{"Records":{}}', b'{"Records":null}', b'{"Records":[1,"",null,[],{}]}',
        b'{"Records":[{}],"Records":[{}]}', b'{"a":[{"Records":[1]}],"\\u0052ecords":[{}]}', b'{"Records":[{},]}',
        b'{"Records":[,{}]}', b'{"Records":[{}]}{}', b'{"Records":[{}]', b'{"Records":["\xff"]}', b'{"\xff":[{}]}',
        b'{"x":' + _NESTED + b',"Records":[{}]}', b'{"Records":' + _NESTED + b"}", b'{"Records":[' + _NESTED + b"]}",
        b'{"Records":[' + b"{}," * 200 + b"{}]}",
        b'{"Records":[{"eventVersion":"1"},7,{"eventVersion":"\xff"},{"eventVersion":"2"},{"eventVersion":"3"}]}',
        b'{"a":"' + b"x" * 70_000 + b'","Records":[]}', b'{"Records":[{}],"a":' + b"9" * 70_000 + b"}",
    ]  # fmt: skip
    raw = [
        packed, packed[:40], packed + packed, packed + b"\0" * 600, packed + b"rest", packed[:-8] + b"\0" * 8,
        packed[:-1], bytes([packed[0] | 0x1F]) + packed[1:], b"\x04" + packed[1:6] + b"\xff\xff" + packed[6:],
        gzip.compress(packed, mtime=0)[3:],
    ]  # fmt: skip
    return [bytes([how]) + some for some in plain for how in (0, 1, 2)] + [b"\3" + some for some in raw] + [b""]


def _records() -> list[bytes]:
    [real] = json.loads(igzip.decompress(pack([_first(log_file(1).body)])))["Records"]
    changes: list[dict[str, Any]] = [
        {}, {"eventTime": "0000-00-00T00:00:00Z"}, {"eventTime": 1e300}, {"eventTime": "9999-12-31T23:59:59.9999Z"},
        {"awsRegion": "../../../etc"}, {"awsRegion": "a\0b%2F" + "é" * 300}, {"recipientAccountId": ""},
        {"recipientAccountId": None, "userIdentity": {"accountId": ".."}}, {"userIdentity": []},
        {"resources": [None, 1, {"ARN": 5}]}, {"readOnly": "TRUE"}, {"insightDetails": {"insightContext": 1e-400}},
        {"requestParameters": "x" * 3_000}, {"eventVersion": 1.08}, {"tlsDetails": {"tlsVersion": {"a": [{}]}}},
    ]  # fmt: skip
    hostile = [
        b"", b"1", b'"', b"{}", b"{},{}", b'{"":1}', b'{"eventName":"\\ud800"}', b'{"\\ud800":1}',
        b'{"eventID":"\xff"}',
        b'{"requestParameters":' + _NESTED + b"}", b'{"userIdentity":{"sessionContext":' + _NESTED + b"}}", _NESTED,
        b'{"eventName":' + b'{"a":' * _DEEP + b"1" + b"}" * _DEEP + b"}",
        b"{" + b",".join(b'"eventName":"%d"' % number for number in range(2_000)) + b"}",
        b'{"a":' + b"9" * 10_000 + b"}",
        b'{"insightDetails":{"insightContext":{"statistics":{"insightDuration":1e99999999}}}}',
        b'{"unmapped":1,"logFile":2,"recordIndex":3}', b'{"eventTime":"2024-03-13T08:33:30Z\\u0000"}',
        b'{"requestParameters":nul}', b'{"readOnly":true,"readOnly":false}',
    ]  # fmt: skip
    return [json.dumps(real | change).encode() for change in changes] + hostile


def _first(body: bytes) -> str:
    return json.dumps(json.loads(igzip.decompress(body))["Records"][0])

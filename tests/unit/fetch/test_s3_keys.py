"""Never ask for another key: what goes over the wire is the key, encoded as AWS signs it."""

import hashlib
import hmac
from urllib.parse import quote

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from ingester.fetch.s3 import S3Source
from ingester.fetch.s3_keys import obstore_can_say
from ingester.model.log_file import LogFile
from ingester.model.settings import Settings
from tests.unit.fetch.fake_s3 import ETAG, FakeS3, Request, an_object

SAYABLE = [
    "a", "a/b", "a b", " a", "a ", "a/ ", "a+b", "a%b", "a%2Fb", "a%20b", "%", "%%", "%zz", "%2E%2E/a", "a/%2e%2E/b",
    "a#b", "a?b", "a*b", "a\\b", "a&b=c", "a;b", "a'b", 'a"b', "a<b>", "a{b}", "a|b", "a^b", "a`b", "a~b", "a[b]",
    "a:b", "a,b", "a@b", "a$b", "a!b", "(a)", "a=b", "a_b-c.d", "...", ".a", "a/...", "a/.b", "a.", "a/b..", "..a/b",
    "ü/é", "e\u0301", "日本", "😀", "\u200b", "a\u2028b", "\ufeffa", "\x80", "x" * 1024, "x/" * 511 + "y",
]  # fmt: skip

UNSAYABLE = [
    "a//b", "//", "/", "/a", "a/", "//a", "a//", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "/..",
    "../", "a\nb", "a\tb", "a\rb", "a\x00b", "a\x01b", "a\x1fb", "a\x7fb", "\n", "a/..\n", "a//b/%2F/ü +?#",
]  # fmt: skip


@pytest.mark.parametrize("key", SAYABLE)
def test_an_ordinary_key_is_fetched_by_obstore(key: str) -> None:
    assert obstore_can_say(key)


@pytest.mark.parametrize("key", UNSAYABLE)
def test_a_key_that_obstore_would_refuse_or_change_is_not_given_to_it(key: str) -> None:
    assert not obstore_can_say(key)


ODD_TEXT = st.text(alphabet=st.sampled_from("ab/.%2F \\\n\x7f\u2028ü?#+~"), min_size=1, max_size=12) | st.text(
    min_size=1
)


@given(key=ODD_TEXT)
def test_what_is_given_to_obstore_keeps_its_key(key: str) -> None:
    if obstore_can_say(key):
        store = MemoryStore()
        obstore.put(store, key, b"")
        assert obstore.get(store, key).meta["path"] == key


def test_the_key_on_the_wire_is_the_key(fake_s3: FakeS3, settings: Settings) -> None:
    source = S3Source(settings)
    for key in (*SAYABLE, *UNSAYABLE):
        assert source.open(LogFile("bucket", key)).log_file.key == key
        path, _, query = fake_s3.requests[-1].target.partition("?")
        assert path == "/bucket/" + quote(key, safe="/-_.~")  # AWS's UriEncode (SigV4 for S3)
        assert query in ("", "x-id=GetObject")
    assert len(fake_s3.requests) == len(SAYABLE) + len(UNSAYABLE)


def test_the_signature_is_that_of_the_path_on_the_wire(fake_s3: FakeS3, settings: Settings) -> None:
    # moto checks no signatures, and AWS denies a path that was signed in another form
    source = S3Source(settings)
    for key in (*SAYABLE, *UNSAYABLE):
        source.open(LogFile("bucket", key, ETAG, "version+1"))
        request = fake_s3.requests[-1]
        signature = signature_of(request, "hush-hush")
        assert request.headers["authorization"].endswith(f"Signature={signature}"), key


@pytest.mark.parametrize("key", ["a/b c.json.gz", "a//b.json.gz"])
def test_two_keys_that_a_careless_client_mixes_up_are_two_objects(
    fake_s3: FakeS3, settings: Settings, key: str
) -> None:
    fake_s3.answer = lambda request: an_object(request.target.partition("?")[0].encode(), request)
    source = S3Source(settings)
    others = [key.replace(" ", "+"), key.replace(" ", "%20"), key.replace("//", "/"), "/" + key, key + "/"]
    bodies = {b"".join(source.open(LogFile("bucket", other)).chunks) for other in {key, *others}}
    assert len(bodies) == len({key, *others})


def signature_of(request: Request, secret: str) -> str:
    """Signature Version 4 of a request as it arrived (AWS: "Create a signed AWS API request")."""
    path, _, query = request.target.partition("?")
    fields = dict(part.strip().split("=", 1) for part in request.headers["authorization"].split(" ", 1)[1].split(","))
    signed = fields["SignedHeaders"]
    parameters = sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part)
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed.split(";"))
    payload = request.headers["x-amz-content-sha256"]
    canonical = "\n".join([request.method, path, "&".join(parameters), headers, signed, payload])
    scope = fields["Credential"].partition("/")[2]
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    signing_key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    return hmac.new(signing_key, to_sign.encode(), "sha256").hexdigest()

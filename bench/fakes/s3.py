"""The S3 half: GET and HEAD of objects, ListObjectsV2, HeadBucket."""

from collections.abc import Sequence
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

from msgspec import Struct

from bench.fakes.http import Answer, Request, respond
from bench.fakes.world import BUCKET, World

_MODIFIED = "Mon, 03 Nov 2025 12:00:00 GMT"
_LISTED_MAX = 1000


class StoredBody(Struct, frozen=True, gc=False):
    """One prepared body, which many keys may have; `get` is the whole answer to its GET."""

    etag: str
    size_bytes: int
    get: bytes


def stored_body(etag: str, body: bytes) -> StoredBody:
    """A body made ready. `etag` without quotes."""
    return StoredBody(etag, len(body), respond("200 OK", body, **_object_headers(etag)))


class FakeS3:
    """One bucket of prepared objects."""

    def __init__(self, world: World, objects: dict[str, StoredBody]) -> None:
        self.body_bytes = 0
        self._world = world
        self._by_path = {f"/{BUCKET}/{quote(key)}": body for key, body in objects.items()}
        self._objects = objects
        self._keys: Sequence[str] = sorted(objects)

    def answer(self, request: Request) -> tuple[str, Answer]:
        """The operation's name, and the answer."""
        world = self._world
        body = self._by_path.get(request.target)
        if body is None:
            path, _, query = request.target.partition("?")
            if unquote(path).rstrip("/") == f"/{BUCKET}":
                return self._of_bucket(request, query)
            # a client that escapes otherwise than we do, or adds ?x-id=GetObject
            body = self._objects.get(unquote(path).removeprefix(f"/{BUCKET}/"))
        if body is None:
            return "NoSuchKey", Answer(_error("404 Not Found", "NoSuchKey"), world.first_byte_seconds)
        if request.method == "HEAD":
            head = respond("200 OK", **_object_headers(body.etag))
            sized = head.replace(b"Content-Length: 0", b"Content-Length: %d" % body.size_bytes)
            return "HeadObject", Answer(sized, world.first_byte_seconds)
        if request.method != "GET" or request.header("range"):
            return "NotImplemented", Answer(_error("501 Not Implemented", "NotImplemented"))
        wanted = request.header("if-match")
        if wanted is not None and wanted.strip('"') != body.etag:
            return "PreconditionFailed", Answer(_error("412 Precondition Failed", "PreconditionFailed"))
        self.body_bytes += body.size_bytes
        return "GetObject", Answer(body.get, world.first_byte_seconds, world.bytes_a_second)

    def _of_bucket(self, request: Request, query: str) -> tuple[str, Answer]:
        if request.method == "HEAD":
            return "HeadBucket", Answer(respond("200 OK", x_amz_bucket_region="us-east-1"))
        parameters = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        return "ListObjectsV2", Answer(respond("200 OK", self._list(parameters), Content_Type="application/xml"))

    def _list(self, parameters: dict[str, str]) -> bytes:
        prefix = parameters.get("prefix", "")
        after = parameters.get("continuation-token") or parameters.get("start-after", "")
        listed_max = min(_LISTED_MAX, int(parameters.get("max-keys", _LISTED_MAX)))
        keys = [key for key in self._keys if key > after and key.startswith(prefix)]
        page, is_cut = keys[:listed_max], len(keys) > listed_max
        show = quote if parameters.get("encoding-type") == "url" else escape
        contents = "".join(
            f"<Contents><Key>{show(key)}</Key><LastModified>2025-11-03T12:00:00.000Z</LastModified>"
            f"<ETag>&quot;{body.etag}&quot;</ETag><Size>{body.size_bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for key in page
            for body in (self._objects[key],)
        )
        token = f"<NextContinuationToken>{show(page[-1])}</NextContinuationToken>" if is_cut else ""
        encoding = "<EncodingType>url</EncodingType>" if "encoding-type" in parameters else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><Prefix>{show(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>{encoding}"
            f"<MaxKeys>{listed_max}</MaxKeys><IsTruncated>{str(is_cut).lower()}</IsTruncated>{token}{contents}"
            "</ListBucketResult>"
        ).encode()


def _object_headers(etag: str) -> dict[str, str]:
    return {
        "Content_Type": "application/json",
        "Content_Encoding": "gzip",
        "ETag": f'"{etag}"',
        "Last_Modified": _MODIFIED,
        "Accept_Ranges": "bytes",
        "x_amz_request_id": "4442587FB7D0A2F9",
    }


def _error(status: str, code: str) -> bytes:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return respond(status, body.encode(), Content_Type="application/xml")

"""A lake on S3, against a moto server in another process: the contract of all lakes, and S3's own ways to fail.

Where moto is kinder or less clear than AWS, and where an answer must get lost, a small proxy stands in between.
"""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from ingester.lake import sink_s3
from ingester.lake.open import open_lake
from ingester.lake.sink import open_sink
from ingester.lake.stage import Stage
from ingester.model.commit import Commit
from ingester.model.errors import ConfigurationError, LakeDamagedError, OutputError
from ingester.model.settings import Settings
from tests.support.moto import Place
from tests.unit.lake.contract import LakeContract, sizes, stage
from tests.unit.lake.rows import commit_of, new_commit_id, usual_batch


@dataclass
class S3World:
    """A lake under a prefix of the test's own bucket."""

    place: Place
    settings: Settings
    directory: Path

    def visible(self) -> dict[str, int]:
        """All objects under the prefix."""
        found = self.place.s3.list_objects_v2(Bucket=self.place.bucket, Prefix="lake/").get("Contents", [])
        return {item["Key"].removeprefix("lake/"): item["Size"] for item in found}

    def staged(self) -> int:
        """Multipart uploads."""
        return len(self.place.s3.list_multipart_uploads(Bucket=self.place.bucket).get("Uploads", []))

    def as_directory(self) -> str:
        """The objects, downloaded: DuckDB needs an extension from the network to read S3."""
        for path in self.visible():
            target = self.directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            self.place.s3.download_file(self.place.bucket, f"lake/{path}", str(target))
        return str(self.directory)

    def publish_first_file(self, commit: Commit) -> None:
        """The first upload is completed."""
        data_file = commit.data_files[0]
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(data_file.part_etags, 1)]
        self.place.s3.complete_multipart_upload(
            Bucket=self.place.bucket,
            Key=f"lake/{data_file.path}",
            UploadId=data_file.upload_id,
            MultipartUpload={"Parts": parts},
        )

    def overwrite(self, path: str, content: bytes) -> None:
        """Another program writes an object."""
        self.place.s3.put_object(Bucket=self.place.bucket, Key=f"lake/{path}", Body=content)


@pytest.fixture
def world(moto_place: Place, tmp_path: Path) -> S3World:
    settings = Settings(
        output=f"s3://{moto_place.bucket}/lake/",
        state_dir=str(tmp_path / "state"),
        endpoint_url=moto_place.server.endpoint_url,
    )
    return S3World(moto_place, settings, tmp_path / "downloaded")


class TestS3Lake(LakeContract):
    """The contract."""


Request = tuple[str, str]
"""Method, and path with query."""


@dataclass
class Proxy:
    """In front of moto. `fault` is asked for each request; None lets it through."""

    endpoint_url: str
    requests: list[Request] = field(default_factory=list)
    fault: Callable[[Request], "str | tuple[int, str] | None"] = lambda _: None


LOSE_ANSWER = "lose the answer"


@pytest.fixture
def proxy(world: S3World) -> Iterator[Proxy]:
    """Requests of `world` go through it."""
    upstream = urlsplit(world.place.server.endpoint_url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            proxy.requests.append((self.command, self.path))
            fault = proxy.fault((self.command, self.path))
            if isinstance(fault, tuple):
                status, code = fault
                self.answer(status, {}, f"<Error><Code>{code}</Code><Message>{code}.</Message></Error>".encode())
                return
            connection = http.client.HTTPConnection(upstream, timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            if fault == LOSE_ANSWER:
                self.close_connection = True
                return
            self.answer(answer.status, dict(answer.headers), content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

        def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            headers = {"Content-Length": str(len(content)), **headers}
            for name in headers.keys() - {"Transfer-Encoding", "Connection", "Date", "Server"}:
                self.send_header(name, headers[name])
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
        world.settings = msgspec.structs.replace(world.settings, endpoint_url=proxy.endpoint_url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy
        server.shutdown()


def is_complete(request: Request) -> bool:
    """CompleteMultipartUpload."""
    return request[0] == "POST" and "uploadId=" in request[1]


def is_upload_part(request: Request) -> bool:
    """UploadPart."""
    return request[0] == "PUT" and "partNumber=" in request[1]


def test_an_upload_completed_before_is_recognised_by_its_object(world: S3World, proxy: Proxy) -> None:
    commit = stage(world, regions=("eu-west-1", "eu-west-2"))
    world.publish_first_file(commit)
    first = f"/lake/{commit.data_files[0].path}".replace("=", "%3D")
    # as AWS answers some time after the completion; moto says 200 for ever
    proxy.fault = lambda request: (404, "NoSuchUpload") if is_complete(request) and first in request[1] else None
    open_lake(world.settings).publish(commit)
    assert world.visible() == sizes(commit)
    assert ("HEAD", f"/{world.place.bucket}{first}") in proxy.requests


def test_a_completion_whose_answer_got_lost_is_resolved_by_asking(world: S3World, proxy: Proxy) -> None:
    commit = stage(world)
    completed = []

    def lose_every_answer(request: Request) -> str | tuple[int, str] | None:
        if not is_complete(request):
            # moto says 500 for an upload that is gone; AWS says this
            return (404, "NoSuchUpload") if request[0] == "GET" and "uploadId=" in request[1] else None
        completed.append(request)
        return LOSE_ANSWER

    proxy.fault = lose_every_answer
    open_lake(world.settings).publish(commit)
    assert completed
    assert world.visible() == sizes(commit)


def test_a_completion_that_did_not_land_is_an_output_error_and_works_later(world: S3World, proxy: Proxy) -> None:
    commit = stage(world)
    lake = open_lake(world.settings)
    proxy.fault = lambda request: (503, "SlowDown") if is_complete(request) else None
    with pytest.raises(OutputError, match=r"s3://.*\.parquet can't be written\. SlowDown"):
        lake.publish(commit)
    assert world.visible() == {}
    proxy.fault = lambda _: None
    lake.publish(commit)
    assert world.visible() == sizes(commit)


def test_other_parts_than_those_staged_are_damage(world: S3World) -> None:
    commit = stage(world)
    other = msgspec.structs.replace(commit.data_files[0], part_etags=('"0123456789abcdef0123456789abcdef"',))
    with pytest.raises(LakeDamagedError, match="InvalidPart"):
        open_lake(world.settings).publish(commit_of(commit.commit_id, [other]))


def test_an_object_of_another_commit_with_the_same_size_is_damage(world: S3World, proxy: Proxy) -> None:
    commit = stage(world)
    world.overwrite(commit.data_files[0].path, b"x" * commit.data_files[0].size_bytes)
    proxy.fault = lambda request: (404, "NoSuchUpload") if is_complete(request) else None
    with pytest.raises(LakeDamagedError, match="is of an unknown writer"):
        open_lake(world.settings).publish(commit)


def test_a_file_of_several_parts_is_put_together_in_order(world: S3World, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Stage(world.settings, new_commit_id())
    monkeypatch.setattr(sink_s3, "PART_BYTES", 5 << 20)
    content = [bytes([number]) * (1 << 20) for number in range(12)]
    file = written._sink.create("cloudtrail/of several parts")
    for block in content:
        file.write(block)
        assert written.buffered_bytes < 5 << 20
    file.close()
    written.finish([])
    data_file = file.data_file(1, "data")
    assert len(data_file.part_etags) == 3
    open_lake(world.settings).publish(commit_of(written.commit_id, [data_file]))
    body = world.place.s3.get_object(Bucket=world.place.bucket, Key="lake/cloudtrail/of several parts")["Body"].read()
    assert body == b"".join(content)


def test_a_part_that_can_not_be_uploaded_is_an_output_error_and_discard_aborts(world: S3World, proxy: Proxy) -> None:
    written = Stage(world.settings, new_commit_id())
    written.write(usual_batch())
    proxy.fault = lambda request: (403, "AccessDenied") if is_upload_part(request) else None
    with pytest.raises(OutputError, match=r"AccessDenied.* Allow s3:PutObject"):
        written.finish([])
    assert world.staged() == 1
    written.discard()
    assert world.staged() == 0


def test_an_upload_that_can_not_begin_is_an_output_error_and_discard_is_quiet(world: S3World, proxy: Proxy) -> None:
    written = Stage(world.settings, new_commit_id())
    written.write(usual_batch())
    proxy.fault = lambda request: (403, "AccessDenied") if request[0] == "POST" else None
    with pytest.raises(OutputError, match="AccessDenied"):
        written.finish([])
    written.discard()


def test_what_was_not_uploaded_is_never_reported_as_durable(world: S3World, proxy: Proxy) -> None:
    sink = open_sink(world.settings, new_commit_id())
    file = sink.create("cloudtrail/x")
    file.write(b"1")
    file.close()
    proxy.fault = lambda request: (403, "AccessDenied") if is_upload_part(request) else None
    with pytest.raises(OutputError, match="AccessDenied"):
        sink.finish()
    sink.discard()


def test_discard_waits_for_the_call_under_way_and_makes_no_more(
    world: S3World, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_s3, "_UPLOADS_AT_ONCE", 1)
    monkeypatch.setattr(sink_s3, "PART_BYTES", 1)
    sink = open_sink(world.settings, new_commit_id())
    begun, cancelled = threading.Event(), threading.Event()

    def hold_the_first(_: Request) -> None:
        begun.set()
        assert cancelled.wait(30)

    proxy.fault = hold_the_first
    sink.create("cloudtrail/first")
    assert begun.wait(30)
    second = sink.create("cloudtrail/second")
    assert isinstance(second, sink_s3.S3File)
    second._upload_id.add_done_callback(lambda _: cancelled.set())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(sink.discard).result(30)
    assert [request for request in proxy.requests if "second" in request[1]] == []
    assert world.staged() == 0
    assert second.write(b"the footer of a writer that is thrown away") > 0


def test_a_sweep_takes_files_of_records_too(world: S3World) -> None:
    written = Stage(world.settings, new_commit_id())
    written.quarantine_record("s3://trail/a.json.gz", 0, "not an object", b"1")
    written.finish([])
    assert open_lake(world.settings).sweep(()) == 1
    assert world.staged() == 0


def test_a_sweep_leaves_the_uploads_of_others_alone(world: S3World) -> None:
    s3, bucket = world.place.s3, world.place.bucket
    garbage = stage(world)
    for key in ("elsewhere/x", f"lake/cloudtrail/{'a' * 32}.parquet", garbage.data_files[0].path, "lakeside/x"):
        s3.create_multipart_upload(Bucket=bucket, Key=key)
    assert open_lake(world.settings).sweep(()) == 1
    assert world.staged() == 4


@pytest.mark.parametrize("output", ["s3://{}", "s3://{}/"])
def test_a_bucket_without_a_prefix_is_a_lake_too(world: S3World, output: str) -> None:
    world.settings = msgspec.structs.replace(world.settings, output=output.format(world.place.bucket))
    lake = open_lake(world.settings)
    lake.check_writable()
    published, garbage = stage(world), stage(world)
    lake.publish(published)
    assert lake.sweep(()) == len(garbage.data_files)
    found = world.place.s3.list_objects_v2(Bucket=world.place.bucket)["Contents"]
    assert [item["Key"] for item in found] == list(sizes(published))


def test_a_missing_bucket_is_a_configuration_error(world: S3World) -> None:
    settings = msgspec.structs.replace(world.settings, output="s3://no-such-bucket-anywhere/lake")
    with pytest.raises(ConfigurationError, match=r"NoSuchBucket.* Create the bucket"):
        open_lake(settings).check_writable()


def test_a_denied_output_names_the_permissions_that_it_needs(world: S3World, proxy: Proxy) -> None:
    proxy.fault = lambda _: (403, "AccessDenied")
    with pytest.raises(ConfigurationError, match=r"AccessDenied.* Allow s3:PutObject"):
        open_lake(world.settings).check_writable()


def test_an_endpoint_that_does_not_answer_is_a_configuration_error(world: S3World) -> None:
    settings = msgspec.structs.replace(world.settings, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=r"No answer from 127\.0\.0\.1:9 .* Check the network"):
        open_lake(settings).check_writable()


def test_an_output_on_s3_needs_a_state_directory(world: S3World) -> None:
    with pytest.raises(ConfigurationError, match=r"Give Settings\.state_dir"):
        open_lake(msgspec.structs.replace(world.settings, state_dir=None))


def test_the_lifecycle_rule_of_the_readme_is_one(world: S3World) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    rules = json.loads(re.search(r"--lifecycle-configuration '(.*?)'", readme, re.DOTALL)[1])  # type: ignore[index]

    world.place.s3.put_bucket_lifecycle_configuration(Bucket=world.place.bucket, LifecycleConfiguration=rules)

    (rule,) = world.place.s3.get_bucket_lifecycle_configuration(Bucket=world.place.bucket)["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}

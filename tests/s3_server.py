"""An S3 server in a thread, with the four requests that pyarrow reads by: ListObjectsV2, HeadBucket, HeadObject and GetObject.

Some buckets misbehave: `private` refuses, `broken` ends half way through an object, `silent` never answers.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Server(ThreadingHTTPServer):
    """Serves objects, which are given by `bucket/key`. `seen` are the requests that it got."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.objects = objects
        self.seen: list[str] = []
        self.is_over = threading.Event()

    def list_objects(self, bucket: str, prefix: str) -> bytes:
        """Return the answer to ListObjectsV2."""
        found = [
            f"<Contents><Key>{escape(name.removeprefix(f'{bucket}/'))}</Key><Size>{len(data)}</Size></Contents>"
            for name, data in self.objects.items()
            if name.startswith(f"{bucket}/{prefix}")
        ]
        return f"<ListBucketResult><KeyCount>{len(found)}</KeyCount>{''.join(found)}</ListBucketResult>".encode()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).removeprefix("/").partition("/")
        self.server.seen.append(f"{self.command} {self.path}")
        data = self.server.objects.get(f"{bucket}/{key}")
        if bucket == "silent":
            self.server.is_over.wait()
        elif bucket == "private":
            self.send(403, b"<Error><Code>AccessDenied</Code></Error>")
        elif not key and any(name.startswith(f"{bucket}/") for name in self.server.objects):
            self.send(200, self.server.list_objects(bucket, parse_qs(url.query).get("prefix", [""])[0]))
        elif data is None:
            self.send(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        else:
            self.send_object(data, len(data) // 2 if bucket == "broken" else len(data))

    def send_object(self, data: bytes, most: int) -> None:
        """Send the part that was asked for, but only the first bytes of the object."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), min(int(asked[2]), len(data) - 1)) if asked else (0, len(data) - 1)
        part = {"Content-Range": f"bytes {first}-{last}/{len(data)}"} if asked else {}
        self.send(206 if asked else 200, data[first : min(last + 1, most)], last + 1 - first, part)
        self.close_connection = last >= most

    def send(self, status: int, body: bytes, size: int | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        self.send_header("Last-Modified", "Sun, 29 Nov 2026 08:00:00 GMT")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serve_objects(objects: Mapping[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Serve objects in a thread. Yield the address of the server and the requests that it got."""
    with Server(objects) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.seen
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()

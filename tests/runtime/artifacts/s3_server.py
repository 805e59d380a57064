"""A small S3 server on a real socket: the calls that the store makes, the rights of a key, and the faults that servers have."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = b"<html><body><h1>Welcome to the console</h1></body></html>"
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/s3/aws4_request")


class S3Server(ThreadingHTTPServer):
    """`rights` are what the key `reader` may do; a `fault` is answered to everything; `asked` are the actions that came."""

    daemon_threads = True

    def __init__(self, rights: set[str], *, region: str = "us-east-1", fault: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rights, self.region, self.fault = rights, region, fault
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.asked: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up a TLS handshake is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Server

    def do_GET(self) -> None:
        bucket, key, query = self._target()
        if "location" in query:
            if self._may("GetBucketLocation"):
                self._answer(
                    200, f'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{self.server.region}</LocationConstraint>'
                )
        elif not key:
            if self._may("ListBucket") and self._has(bucket):
                prefix = query.get("prefix", [""])[0]
                found = "".join(
                    f"<Contents><Key>{name}</Key><Size>{len(data)}</Size><ETag>x</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                    for name, data in sorted(self.server.buckets[bucket].items())
                    if name.startswith(prefix)
                )
                self._answer(200, f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{found}</ListBucketResult>")
        elif self._may("GetObject") and self._has(bucket, key):
            self._send(200, "application/octet-stream", self.server.buckets[bucket][key])

    def do_HEAD(self) -> None:
        bucket, key, _ = self._target()
        if self._may("GetObject" if key else "HeadBucket") and self._has(bucket, key):
            self._send(200, "application/octet-stream", self.server.buckets[bucket].get(key, b""))

    def do_PUT(self) -> None:
        bucket, key, _ = self._target()
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not key:
            if self._may("CreateBucket"):
                if bucket in self.server.buckets:
                    self._refuse(409, "BucketAlreadyOwnedByYou")
                else:
                    self.server.buckets[bucket] = {}
                    self._send(200, "application/xml", b"")
        elif self._may("PutObject") and self._has(bucket):
            self.server.buckets[bucket][key] = body
            self._send(200, "application/xml", b"")

    def _target(self) -> tuple[str, str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        return bucket, key, parse_qs(parts.query, keep_blank_values=True)

    def _may(self, right: str) -> bool:
        server = self.server
        server.asked.append(right)
        if server.fault == "page":
            self._send(200, "text/html; charset=utf-8", PAGE, ours=False)
            return False
        if server.fault == "missing page":
            self._send(404, "text/html", PAGE, ours=False)
            return False
        if server.fault == "hang":
            threading.Event().wait(20)
            return False
        if server.fault:
            self._refuse(503 if server.fault == "SlowDown" else 403, server.fault)
            return False
        found = CREDENTIAL.search(self.headers.get("authorization", ""))
        if found is None or found[1] != "reader":
            self._refuse(403, "InvalidAccessKeyId")
        elif found[2] != server.region and right != "GetBucketLocation":
            self._refuse(400, "AuthorizationHeaderMalformed", f"the region '{found[2]}' is wrong; expecting '{server.region}'")
        elif right not in server.rights:
            self._refuse(403, "AccessDenied")
        else:
            return True
        return False

    def _has(self, bucket: str, key: str = "") -> bool:
        if bucket not in self.server.buckets:
            self._refuse(404, "NoSuchBucket")
        elif key and key not in self.server.buckets[bucket]:
            self._refuse(404, "NoSuchKey")
        else:
            return True
        return False

    def _refuse(self, status: int, code: str, message: str = "said the server") -> None:
        self._answer(
            status, f"<Error><Code>{code}</Code><Message>{message}</Message><Resource>/</Resource><RequestId>1</RequestId></Error>"
        )

    def _answer(self, status: int, xml: str) -> None:
        self._send(status, "application/xml", xml.encode())

    def _send(self, status: int, kind: str, body: bytes, *, ours: bool = True) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if ours:
            self.send_header("x-amz-request-id", "1")
            self.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
            self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@contextmanager
def serving(server: S3Server, certificate: Path | None = None) -> Iterator[S3Server]:
    """The server in a thread, over TLS with a PEM file of key and certificate."""
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

"""A server of S3 that does next to nothing: it moves bytes between connections and files.

    python bare_store.py PORT FOLDER

What a conversion takes here it takes with a server that costs nothing, as nearly as there is one: no signature is
looked at, no digest taken, no copy kept; bytes go from the disk to the connection inside the kernel. It puts, gets (by
ranges, on condition of an ETag), lists, copies and deletes. It stands for no real server, and keeps nothing safe.
"""

import os
import socket
import sys
import threading
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

ROOM = 1 << 20


def main():
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    with socket.create_server(("127.0.0.1", port), backlog=128) as server:
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, folder), daemon=True).start()


def serve(connection, folder):
    """Answer the requests of a connection, one after another."""
    room, held = memoryview(bytearray(ROOM)), b""
    with connection:
        while True:
            while (end := held.find(b"\r\n\r\n")) < 0:
                more = connection.recv(ROOM)
                if not more:
                    return
                held += more
            lines = held[:end].decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            if headers.get("expect"):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = Body(connection, room, held[end + 4 :], int(headers.get("content-length", 0)))
            try:
                answer(connection, folder, method, target, headers, body)
            except FileNotFoundError:
                body.take(lambda _: None)
                say(connection, 404, b"<Error><Code>NoSuchKey</Code></Error>")
            held = body.behind


class Body:
    """What follows the head of a request, piece by piece, and what follows that."""

    def __init__(self, connection, room, begun, length):
        self.connection, self.room, self.length = connection, room, length
        self.begun, self.behind = begun[:length], begun[length:]

    def take(self, write):
        """Hand it on in pieces; once."""
        left = self.length - len(self.begun)
        if self.begun:
            write(self.begun)
        while left:
            count = self.connection.recv_into(self.room, min(left, ROOM))
            if not count:
                raise ConnectionError
            write(self.room[:count])
            left -= count
        self.length, self.begun = 0, b""


def answer(connection, folder, method, target, headers, body):
    parts = urlsplit(target)
    bucket, _, key = unquote(parts.path.lstrip("/")).partition("/")
    query, place = parse_qs(parts.query, keep_blank_values=True), folder / bucket
    if not key:
        pieces = []
        body.take(lambda piece: pieces.append(bytes(piece)))
        return of_bucket(connection, method, place, query, b"".join(pieces))
    path = f"{place}/{quote(key, safe='')}"
    if method == "PUT":
        source = headers.get("x-amz-copy-source")
        if source:
            there, _, name = unquote(source.lstrip("/")).partition("/")
            Path(f"{path}~").write_bytes((folder / there / quote(name, safe="")).read_bytes())
        else:
            put(f"{path}~", body)
        Path(f"{path}~").replace(path)
        copied = b"<CopyObjectResult><ETag>copied</ETag></CopyObjectResult>" if source else b""
        return say(connection, 200, copied, ETag=tag(os.stat(path)))  # noqa: PTH116 - this is what is measured
    if method == "DELETE":
        Path(path).unlink(missing_ok=True)
        return say(connection, 204)
    return get(connection, path, headers, with_content=method == "GET")


def put(path, body):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        body.take(lambda piece: os.write(descriptor, piece))
    finally:
        os.close(descriptor)


def get(connection, path, headers, *, with_content):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        facts = os.fstat(descriptor)
        size, etag = facts.st_size, tag(facts)
        wanted = headers.get("if-match")
        if wanted and wanted.strip('"') != etag.strip('"'):
            return say(connection, 412, b"<Error><Code>PreconditionFailed</Code></Error>")
        status, start, end, more = 200, 0, size, {}
        if "range" in headers:
            first, _, last = headers["range"].removeprefix("bytes=").partition("-")
            start = int(first) if first else max(size - int(last), 0)
            end = min(int(last) + 1, size) if first and last else size
            if start >= size:
                return say(connection, 416, b"<Error><Code>InvalidRange</Code></Error>")
            status, more = 206, {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
        modified = formatdate(facts.st_mtime, usegmt=True)
        head(connection, status, end - start, ETag=etag, **{"Last-Modified": modified}, **more)
        while with_content and start < end:
            start += os.sendfile(connection.fileno(), descriptor, start, end - start)
    finally:
        os.close(descriptor)


def of_bucket(connection, method, place, query, content):
    """Make, list or empty a bucket; or list the buckets."""
    if method == "PUT":
        place.mkdir(parents=True, exist_ok=True)
        return say(connection, 200)
    if method == "POST":
        for found in ET.fromstring(content).iter():
            if found.tag.endswith("Key"):
                (place / quote(found.text, safe="")).unlink(missing_ok=True)
        return say(connection, 200, b"<DeleteResult/>")
    if "list-type" not in query:
        return say(connection, 200, b"<ListAllMyBucketsResult/>")
    prefix, separator = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
    objects, folders = [], set()
    for entry in os.scandir(place):
        key = unquote(entry.name)
        if not key.startswith(prefix) or entry.name.endswith("~"):
            continue
        inner, found, _ = key[len(prefix) :].partition(separator) if separator else (key, "", "")
        if found:
            folders.add(f"{prefix}{inner}{separator}")
        else:
            facts = entry.stat()
            modified = formatdate(facts.st_mtime, usegmt=True)
            objects.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{modified}</LastModified><ETag>{escape(tag(facts))}</ETag><Size>{facts.st_size}</Size></Contents>"
            )
    inside = [f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)]
    text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(sorted(objects) + inside)}</ListBucketResult>"
    return say(connection, 200, text.encode())


def tag(facts):
    return f'"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"'


def head(connection, status, length, **headers):
    lines = [f"HTTP/1.1 {status} said", f"Content-Length: {length}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())


def say(connection, status, content=b"", **headers):
    head(connection, status, len(content), **headers)
    if content:
        connection.sendall(content)


if __name__ == "__main__":
    main()

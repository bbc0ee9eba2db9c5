"""The least that any client does: given requests, on eight connections, and nothing with what comes.

A process of its own that `s3_whole.py` starts. Links are signed before the clock runs, no digest is taken, no object of
Python is made of what is moved: it is read into the same memory again and again, and sent from it. It takes the host,
the port and the requests (method, path with its query, first byte, bytes) as a line of JSON, says that it is ready, and
begins at the next line; at the end it tells the seconds of a processor that it took.
"""

import json
import queue
import socket
import sys
import threading
import time

AT_ONCE = 8
ROOM = 8 << 20


def main():
    words = json.loads(sys.stdin.readline())
    connections = [socket.create_connection((words["host"], words["port"])) for _ in range(AT_ONCE)]
    rooms = [memoryview(bytearray(b"\1") * ROOM) for _ in connections]
    print("ready", flush=True)
    while sys.stdin.readline().strip() == "begin":
        begun, left = time.process_time(), queue.SimpleQueue()
        for request in words["requests"]:
            left.put(request)
        threads = [
            threading.Thread(target=work, args=(*pair, left, words)) for pair in zip(connections, rooms, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(time.process_time() - begun, flush=True)


def work(connection, room, left, words):
    """Ask until nothing is left."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        try:
            method, path, start, size = left.get_nowait()
        except queue.Empty:
            return
        lines = [f"{method} {path} HTTP/1.1", f"Host: {words['host']}:{words['port']}"]
        lines.append(f"Content-Length: {size}" if method == "PUT" else f"Range: bytes={start}-{start + size - 1}")
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        sent = 0
        while method == "PUT" and sent < size:
            sent += connection.send(room[: min(size - sent, ROOM)])
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        told, _, body = head.partition(b"\r\n\r\n")
        if told.split(b" ", 2)[1][:1] != b"2":
            raise SystemExit(f"{method} {path}: {head[:500]!r}")
        lengths = [line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        rest = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
        while rest > 0:
            rest -= connection.recv_into(room, min(rest, ROOM))


if __name__ == "__main__":
    main()

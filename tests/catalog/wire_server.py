"""A server that speaks MongoDB's wire protocol on a loopback port: pymongo reaches it as it reaches a real one.

The documents are kept, matched and changed by mongomock, whose operators are not ours; only messages are done here.
Each command is answered under one lock, as a server's changes of one document are atomic. A command, or an argument of
one, that is not known here is an error, so that what the catalogue sends stays what a table below says.

`python -m tests.catalog.wire_server PORT` runs one by itself.
"""

import socketserver
import struct
import sys
import threading
from contextlib import contextmanager
from itertools import count

import bson
import mongomock
from pymongo import errors as mongo

OP_MSG = 2013
OP_QUERY, OP_REPLY = 2004, 1
HELLO = {
    "ismaster": True,
    "isWritablePrimary": True,
    "maxBsonObjectSize": 16 * 2**20,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
    "ok": 1.0,
}
COMMON = {"$db", "lsid", "$readPreference", "writeConcern", "readConcern", "$clusterTime", "txnNumber", "comment"}
KNOWN = {
    "hello": None, "ismaster": None, "ping": None, "endSessions": None, "buildInfo": None, "killCursors": None,
    "find": {"filter", "sort", "skip", "limit", "projection", "singleBatch", "batchSize"},
    "getMore": {"collection", "batchSize"},
    "aggregate": {"pipeline", "cursor"},
    "insert": {"documents", "ordered"},
    "update": {"updates", "ordered"},
    "delete": {"deletes", "ordered"},
    "createIndexes": {"indexes"},
    "drop": set(), "dropDatabase": set(),
}  # fmt: skip


class Commands:
    """Answers commands from documents in memory."""

    def __init__(self, seen=None):
        self.client = mongomock.MongoClient()
        self.seen = seen
        self.lock = threading.Lock()
        self.cursors = {}
        self.numbers = count(1)

    def answer(self, command):
        name = next(iter(command))
        known = KNOWN.get(name, ())
        strange = () if known is None else set(command) - set(known) - COMMON - {name}
        if name not in KNOWN or strange:
            return {"ok": 0.0, "errmsg": f"not known here: {name} {sorted(strange)}", "code": 59}
        with self.lock:
            if self.seen is not None:
                self.seen.append(command)
            try:
                return {**getattr(self, f"_{name}")(command), "ok": 1.0}
            except (mongomock.OperationFailure, mongo.OperationFailure, NotImplementedError) as error:
                return {"ok": 0.0, "errmsg": str(error), "code": getattr(error, "code", None) or 2}

    def _collection(self, command):
        return self.client[command["$db"]][next(iter(command.values()))]

    def _hello(self, _command):
        return HELLO

    _ismaster = _hello

    def _ping(self, _command):
        return {}

    _endSessions = _killCursors = _buildInfo = _ping  # noqa: N815 - names of the protocol

    def _find(self, command):
        projection = command.get("projection")
        cursor = self._collection(command).find(command.get("filter", {}), projection and dict(projection))
        if command.get("sort"):
            cursor = cursor.sort(list(command["sort"].items()))
        cursor = cursor.skip(command.get("skip", 0)).limit(abs(command.get("limit", 0)))
        return self._batch(list(cursor), command, "firstBatch")

    def _aggregate(self, command):
        return self._batch(list(self._collection(command).aggregate(command["pipeline"])), command, "firstBatch")

    def _batch(self, documents, command, word, size=101):
        collection = command.get("collection", next(iter(command.values())))
        number = 0
        if len(documents) > size:
            number = next(self.numbers)
            self.cursors[number] = documents[size:]
        return {"cursor": {word: documents[:size], "id": bson.Int64(number), "ns": f"{command['$db']}.{collection}"}}

    def _getMore(self, command):  # noqa: N802 - a name of the protocol
        return self._batch(self.cursors.pop(command["getMore"]), command, "nextBatch", 500)

    def _insert(self, command):
        return self._each(command, "documents", lambda collection, one: collection.insert_one(one) and (1, {}))

    def _update(self, command):
        return self._each(command, "updates", self._update_one)

    def _update_one(self, collection, told):
        assert set(told) <= {"q", "u", "upsert", "multi"}, told
        upsert, operators = told.get("upsert", False), all(key.startswith("$") for key in told["u"])
        change = collection.replace_one if not operators else collection.update_many if told.get("multi") else None
        done = (change or collection.update_one)(told["q"], told["u"], upsert=upsert)
        made = {"upserted": done.upserted_id} if done.upserted_id is not None else {}
        return (1 if made else done.matched_count), {**made, "nModified": done.modified_count or 0}

    def _delete(self, command):
        def delete_one(collection, told):
            change = collection.delete_one if told["limit"] == 1 else collection.delete_many
            return change(told["q"]).deleted_count, {}

        return self._each(command, "deletes", delete_one)

    def _each(self, command, field, change):
        collection, total, faults, made, modified = self._collection(command), 0, [], [], 0
        for index, told in enumerate(command[field]):
            try:
                number, more = change(collection, told)
            except mongomock.DuplicateKeyError as error:
                faults.append({"index": index, "code": 11000, "errmsg": str(error), "keyValue": {}})
                if command.get("ordered", True):
                    break
            else:
                total += number
                modified += more.get("nModified", 0)
                made += [{"index": index, "_id": more["upserted"]}] if "upserted" in more else []
        found = {"n": total, "nModified": modified}
        return found | ({"upserted": made} if made else {}) | ({"writeErrors": faults} if faults else {})

    def _createIndexes(self, command):  # noqa: N802 - a name of the protocol
        collection = self._collection(command)
        for told in command["indexes"]:
            assert set(told) <= {"key", "name", "unique", "sparse"}, told
            more = {name: told[name] for name in ("unique", "sparse") if name in told}
            if more:  # plain ones change no answer
                collection.create_index(list(told["key"].items()), name=told["name"], **more)
        return {"numIndexesBefore": 1, "numIndexesAfter": 1}

    def _drop(self, command):
        self._collection(command).drop()
        return {}

    def _dropDatabase(self, command):  # noqa: N802 - a name of the protocol
        self.client.drop_database(command["$db"])
        return {}


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        while (head := self._take(16)) is not None:
            length, request, _, operation = struct.unpack("<iiii", head)
            body = self._take(length - 16)
            if operation == OP_QUERY:  # the first greeting
                document = bson.encode(self.server.commands.answer({"hello": 1}))
                answer = struct.pack("<iqii", 8, 0, 0, 1) + document
                self._send(request, OP_REPLY, answer)
            else:
                flags, command = _command(body)
                answer = bson.encode(self.server.commands.answer(command))
                if not flags & 2:  # more is to come, and no answer wanted
                    self._send(request, OP_MSG, struct.pack("<IB", 0, 0) + answer)

    def _take(self, size):
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self.request.recv(size - len(parts))
            except OSError:
                return None
            if not part:
                return None
            parts += part
        return bytes(parts)

    def _send(self, request, operation, body):
        self.request.sendall(struct.pack("<iiii", 16 + len(body), request + 1, request, operation) + body)


def _command(body):
    """Take a message apart: the command, and the documents that stand behind it."""
    (flags,) = struct.unpack_from("<I", body)
    at, command, sequences = 4, {}, {}
    end = len(body) - (4 if flags & 1 else 0)
    while at < end:
        kind, at = body[at], at + 1
        (size,) = struct.unpack_from("<i", body, at)
        if kind == 0:
            command = bson.decode(body[at : at + size])
        else:
            name, _, rest = body[at + 4 : at + size].partition(b"\0")
            sequences[name.decode()] = bson.decode_all(rest)
        at += size
    return flags, {**command, **sequences}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port=0, seen=None):
        super().__init__(("127.0.0.1", port), _Handler)
        self.commands = Commands(seen)


@contextmanager
def wire_server(seen=None):
    """Run a server for a block, and give its address; `seen` is a list that gets every command."""
    with _Server(seen=seen) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"mongodb://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    with _Server(int(sys.argv[1])) as alone:
        alone.serve_forever()

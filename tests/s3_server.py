"""An S3 server on loopback, and a gate for it: what is written behind that waits until it is opened."""

import threading
from contextlib import contextmanager

from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.waiting import LIMIT_SECONDS


class Gate:
    """Holds back objects whose address contains some words; a run that writes one is busy for as long as it is shut."""

    def __init__(self):
        self._free = threading.Event()
        self._free.set()
        self._words = ""
        self.waiting = 0
        """Requests that have come to the gate since it was shut."""

    @contextmanager
    def shut(self, words):
        """Shut it for the time of the block."""
        self._words, self.waiting = words, 0
        self._free.clear()
        try:
            yield self
        finally:
            self._free.set()

    def pass_through(self, environ):
        """Let a request pass, at once or later."""
        if environ["REQUEST_METHOD"] == "PUT" and not self._free.is_set() and self._words in environ["PATH_INFO"]:
            self.waiting += 1
            self._free.wait(LIMIT_SECONDS)


class _Handler(WSGIRequestHandler):
    def log_request(self, *words):
        """Stay quiet."""


@contextmanager
def serving_s3(each=lambda environ: None):
    """Serve S3 and nothing else of moto, which would look for the service anew with each request; give the address.

    `each` is told of every request before it is answered, and may wait.
    """
    application = create_backend_app("s3")

    def answer(environ, start_response):
        each(environ)
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def forget_buckets():
    """Forget what lies in the buckets of this process: moto keeps them in memory."""
    for regions in s3_backends.values():
        for backend in regions.values():
            backend.reset()

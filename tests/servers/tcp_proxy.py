"""The network between a client and a server, which can be cut."""

import contextlib
import socket
import threading
from typing import Self

from tests.servers.process import free_port

_CHUNK_BYTES = 65_536


class TcpProxy:
    """Passes on what comes to ``port`` of 127.0.0.1 to another port of it, unless it is cut."""

    def __init__(self, to_port: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.refused = threading.Event()
        self._to_port = to_port
        self._lock = threading.Lock()
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._accept)

    def cut(self) -> None:
        """End all connections, and each that comes, as soon as it does. ``refused`` tells of the first one."""
        with self._lock:
            self._is_cut = True
            self.refused.clear()
            _end(self._open)

    def mend(self) -> None:
        """Pass on what comes from now on."""
        with self._lock:
            self._is_cut = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        _end({self._listener})
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    client.close()
                    self.refused.set()
                    continue
                server = socket.create_connection(("127.0.0.1", self._to_port))
                self._open |= {client, server}
            threading.Thread(target=self._pump, args=[client, server], daemon=True).start()
            threading.Thread(target=self._pump, args=[server, client], daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while some := source.recv(_CHUNK_BYTES):
                sink.sendall(some)
        with self._lock:
            _end({source, sink})
            self._open.discard(source)
        source.close()


def _end(sockets: set[socket.socket]) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)

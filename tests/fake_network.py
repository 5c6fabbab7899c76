"""A network of names and addresses of our own over real sockets, to see where a request really goes.

The resolver answers what a test says, another answer every time if it likes. The last step of a connection is ours:
the public address leads to the test's own server, every other one to a listener that notes each byte it is sent.
"""

import contextlib
import selectors
import socket
import threading
from weakref import WeakKeyDictionary

PUBLIC = "9.9.9.9"
"""Stands for any public address; nothing is ever sent there."""


class Listener:
    """Loopback ports, IPv4 and where there is one IPv6, that note every byte they are sent."""

    def __init__(self) -> None:
        self.received = b""
        self._sockets = {socket.AF_INET: socket.create_server(("127.0.0.1", 0))}
        with contextlib.suppress(OSError):
            self._sockets[socket.AF_INET6] = socket.create_server(("::1", 0), family=socket.AF_INET6)
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def address(self, family: int) -> tuple[str, int]:
        """Where to connect with a socket of this family."""
        if family not in self._sockets:
            raise OSError("no IPv6 on this machine")
        host, port = self._sockets[family].getsockname()[:2]
        return host, port

    @property
    def port(self) -> int:
        """On 127.0.0.1."""
        return self.address(socket.AF_INET)[1]

    def heard(self) -> bytes:
        """Everything that was sent to it, once nothing more can come: it closes."""
        if self._thread.is_alive():
            self._wake.send(b"x")
            self._thread.join()
            for one in (*self._sockets.values(), self._wake, self._woken):
                one.close()
        return self.received

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            for one in (*self._sockets.values(), self._woken):
                selector.register(one, selectors.EVENT_READ)
            ending = False
            # What was sent before the end lies there already: it is read before the end.
            while ready := selector.select(0 if ending else None):
                for key, _ in ready:
                    ending |= self._take(selector, key.fileobj)

    def _take(self, selector: selectors.BaseSelector, one: socket.socket) -> bool:
        """Read or accept once; True when told to end."""
        if one is self._woken:
            selector.unregister(one)
            return True
        if one in self._sockets.values():
            selector.register(one.accept()[0], selectors.EVENT_READ)
            return False
        data = b""
        with contextlib.suppress(OSError):
            data = one.recv(65536)
        self.received += data
        if not data:
            selector.unregister(one)
            one.close()
        return False


class FakeNetwork:
    """Names, addresses and where they lead. `asked`: names in the order resolved; `connected`: addresses dialled."""

    def __init__(self, monkeypatch, *, public_port: int) -> None:
        self.names: dict[str, list[list[str]]] = {}
        """Name → its answers in turn, each a list of addresses; the last one stays."""
        self.dead: set[str] = set()
        """Addresses nobody answers at."""
        self.asked: list[str] = []
        self.connected: list[str] = []
        self.listener = Listener()
        self._public_port = public_port
        self._peers: WeakKeyDictionary[socket.socket, tuple[str, int]] = WeakKeyDictionary()
        self._getaddrinfo, self._getpeername = socket.getaddrinfo, socket.socket.getpeername
        # Past the house rule "loopback only", which it keeps by leading everything to loopback itself.
        self._dial = super(socket.socket, socket.socket).connect
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)
        # Functions, since a bound method would not be given the socket.
        monkeypatch.setattr(socket.socket, "connect", lambda *given: self._connect(*given))  # noqa: PLW0108
        monkeypatch.setattr(socket.socket, "getpeername", lambda one: self._peer(one))  # noqa: PLW0108

    def _resolve(self, host, port, family=0, type=0, proto=0, flags=0):  # noqa: A002 — socket.getaddrinfo's own name
        name = host.decode() if isinstance(host, bytes) else host
        answers = self.names.get(name)
        if answers is None:
            # Numbers in every form the system knows; no name goes out.
            return self._getaddrinfo(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
        self.asked.append(name)
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        found = [(socket.AF_INET6 if ":" in one else socket.AF_INET, one) for one in addresses]
        return [
            (of_family, socket.SOCK_STREAM, 6, "", (one, port, 0, 0) if ":" in one else (one, port))
            for of_family, one in found
            if family in (0, of_family)
        ]

    def _connect(self, one, address):
        host, port = address[:2]
        self.connected.append(host)
        if host in self.dead:
            raise ConnectionRefusedError(host)
        self._peers[one] = (host, port)
        public = ("127.0.0.1", self._public_port)
        return self._dial(one, public if host == PUBLIC else self.listener.address(one.family))

    def _peer(self, one):
        return self._peers.get(one) or self._getpeername(one)

"""Small forward proxies: HTTP CONNECT, the same over TLS, and SOCKS5. They resolve every name to loopback."""
import base64
import select
import socket
import threading


def _relay(client, origin):
    """Passes bytes both ways until either side ends. One thread: a TLS connection does not take two."""
    try:
        while True:
            pending = getattr(client, "pending", int)()
            for source in [client] if pending else select.select([client, origin], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                (origin if source is client else client).sendall(data)
    finally:
        client.close()
        origin.close()


class Proxy:
    """`asked` is what clients wanted ("host:port"), `heard` the bytes of each talk before the tunnel.

    `login`: "user:password" that is demanded. `stop_at`: "connect" closes at once, "middle" after some bytes of
    the answer, "silent" never answers, "refuse" says no, "unreachable" that the origin is.
    """

    def __init__(self, kind="http", login=None, stop_at=None, context=None):
        self.kind, self.login, self.stop_at = kind, login, stop_at
        self.asked, self.heard, self.connections = [], [], 0
        self._context = context
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        scheme = "https" if context else kind
        self.url = f"{scheme}://{login + '@' if login else ''}127.0.0.1:{self.port}"
        self.name = f"{scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            if self.stop_at == "connect":
                connection.close()
            elif self.stop_at == "silent":
                connection.recv(65536)
                threading.Event().wait(60)
            else:
                (self._socks if self.kind == "socks5" else self._connect)(connection)
        except (OSError, ValueError):
            pass  # The other side left, or close() was called.

    def _tunnel(self, host, port):
        self.asked.append(f"{host}:{port}")
        origin = socket.create_connection(("127.0.0.1", port))
        self._open.append(origin)
        return origin

    def _connect(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                return
            head += data
        self.heard.append(head)
        wanted = f"proxy-authorization: basic {base64.b64encode((self.login or '').encode()).decode()}"
        if self.login and wanted.lower() not in head.decode().lower():
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n")
        elif self.stop_at == "middle":
            connection.sendall(b"HTTP/1.1 200 Connection est")
        elif self.stop_at == "refuse":
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
        elif self.stop_at == "unreachable":
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        else:
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            assert method == "CONNECT", head
            host, _, port = target.rpartition(":")
            origin = self._tunnel(host, int(port))
            connection.sendall(b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n")
            _relay(connection, origin)
            return
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def _take(self, connection, count):
        data = b""
        while len(data) < count:
            more = connection.recv(count - len(data))
            if not more:
                raise OSError("closed")
            data += more
        self.heard[-1] += data
        return data

    def _socks(self, connection):
        self.heard.append(b"")
        _, count = self._take(connection, 2)
        methods = self._take(connection, count)
        if self.login and 2 not in methods:
            connection.sendall(b"\x05\xff")
            return connection.close()
        if self.login:
            connection.sendall(b"\x05\x02")
            user = self._take(connection, self._take(connection, 2)[1])
            password = self._take(connection, self._take(connection, 1)[0])
            is_right = user + b":" + password == self.login.encode()
            connection.sendall(b"\x01\x00" if is_right else b"\x01\x01")
            if not is_right:
                return connection.close()
        else:
            connection.sendall(b"\x05\x00")
        kind = self._take(connection, 4)[3]
        if kind == 3:
            host = self._take(connection, self._take(connection, 1)[0]).decode()
        else:
            host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6,
                                    self._take(connection, 4 if kind == 1 else 16))
        port = int.from_bytes(self._take(connection, 2), "big")
        if self.stop_at in ("middle", "refuse", "unreachable"):
            connection.sendall({"middle": b"\x05\x00\x00", "refuse": b"\x05\x02\x00\x01" + bytes(6),
                                "unreachable": b"\x05\x05\x00\x01" + bytes(6)}[self.stop_at])
            return connection.close()
        origin = self._tunnel(host, port)
        connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
        _relay(connection, origin)
        return None

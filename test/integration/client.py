"""An HTTP/1.1 client on a bare socket: it takes nothing on trust that the gateway sends."""
import json
import socket
import ssl


class Response:
    """A complete answer; `body` is what is left when the framing is taken off."""

    def __init__(self, status, fields, body=b"", complete=True):
        self.status = status
        self.fields = fields
        self.headers = {name.lower(): value for name, value in fields}
        self.body = body
        self.complete = complete  # False when the connection ended before the framing did.

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]


class Client:
    """One connection. Raises ConnectionError when it ends where an answer should begin."""

    def __init__(self, port, timeout=30.0, context=None, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(("127.0.0.1", port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context:
                self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        except OSError:
            self.socket.close()
            raise
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_request(self, method, path, body=None, headers=()):
        names = {name.lower() for name, _ in headers}
        lines = [f"{method} {path} HTTP/1.1"]
        if "host" not in names:
            lines.append("host: localhost")
        if body is not None:
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
            lines.append(f"content-length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        self._pending += data
        return bool(data)

    def _line(self):
        while b"\r\n" not in self._pending:
            if not self._more():
                raise ConnectionError(f"connection ended within {self._pending!r}")
        line, self._pending = self._pending.split(b"\r\n", 1)
        return line

    def read_head(self):
        """Status and fields; interim answers are skipped."""
        while True:
            version, status, *_ = self._line().decode("latin-1").split(" ", 2)
            assert version == "HTTP/1.1", version
            fields = []
            while line := self._line():
                name, value = line.decode("latin-1").split(":", 1)
                fields.append((name, value.strip()))
            if int(status) >= 200:
                return Response(int(status), fields)

    def read_pieces(self, response):
        """Yields the body as it comes; sets response.complete."""
        response.complete = False
        if response.headers.get("transfer-encoding") == "chunked":
            while True:
                try:
                    size = int(self._line(), 16)
                    while len(self._pending) < size + 2:
                        if not self._more():
                            yield self._pending[:size]
                            return
                except ConnectionError:
                    return
                data, end = self._pending[:size], self._pending[size:size + 2]
                assert end == b"\r\n", end
                self._pending = self._pending[size + 2:]
                if size == 0:
                    response.complete = True
                    return
                yield data
        left = int(response.headers.get("content-length", "0"))
        while left:
            if not self._pending and not self._more():
                return
            data, self._pending = self._pending[:left], self._pending[left:]
            left -= len(data)
            yield data
        response.complete = True

    def read(self, head_only=False):
        response = self.read_head()
        if not head_only and response.status not in (204, 304):
            response.body = b"".join(self.read_pieces(response))
        return response

    def request(self, method, path, body=None, headers=()):
        self.send_request(method, path, body, headers)
        return self.read(head_only=method == "HEAD")

    def chat(self, body, headers=()):
        return self.request("POST", "/v1/chat/completions", body, headers)

    def open_stream(self, body, headers=()):
        """Sends a request and returns (response, iterator over the pieces of its body)."""
        self.send_request("POST", "/v1/chat/completions", body, headers)
        response = self.read_head()
        return response, self.read_pieces(response)

    def is_closed(self, timeout=5.0):
        """True when the other side closes within the time; what it sends before is dropped."""
        self.socket.settimeout(timeout)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


def exchange_raw(port, data, timeout=10.0, half_close=False):
    """Sends bytes on a fresh connection and returns all that comes back until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        got = b""
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                got += piece
        except TimeoutError:
            got += b"<still open>"
        except OSError:
            pass
        return got


def chat(port, body, headers=(), **options):
    with Client(port, **options) as client:
        return client.chat(body, headers)


def get(port, path, headers=(), method="GET", **options):
    with Client(port, **options) as client:
        return client.request(method, path, None, headers)


def hello(model, **more):
    """The smallest chat request."""
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}


def events(body):
    """The data of each event of a stream."""
    return [line[6:] for line in body.decode().split("\n") if line.startswith("data: ")]

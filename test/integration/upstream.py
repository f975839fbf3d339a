"""A scripted OpenAI server: each test says, per request, which bytes come back and when."""
import json
import socket
import struct
import threading
import time


class Call:
    """One request as it arrived, and the means to answer it byte by byte."""

    def __init__(self, connection, head, body):
        self.connection = connection
        line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.path, self.version = line.split(" ")
        self.fields = [tuple(field.split(": ", 1)) for field in fields]
        self.headers = {name.lower(): value for name, value in self.fields}
        self.head = head
        self.body = body
        self.left_at = None  # time.monotonic() at which the gateway was seen to leave.

    @property
    def json(self):
        return json.loads(self.body)

    def send(self, data):
        self.connection.sendall(data)

    def respond(self, status=200, body=b"", headers=(), content_type="application/json"):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Some Reason", f"content-type: {content_type}",
                 f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def begin_stream(self, headers=()):
        """Event stream in chunked coding; go on with chunk() and end_stream()."""
        lines = ["HTTP/1.1 200 OK", "content-type: text/event-stream", "transfer-encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def chunk(self, data):
        if data:
            self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end_stream(self):
        self.send(b"0\r\n\r\n")

    def stream(self, *pieces, pause=0.0, headers=()):
        self.begin_stream(headers)
        for piece in pieces:
            self.chunk(piece)
            if pause:
                time.sleep(pause)
        self.end_stream()

    def close(self):
        self.connection.close()

    def reset(self):
        """Closes with a RST instead of a FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_left(self, timeout):
        """True when the gateway closes the connection in time."""
        self.connection.settimeout(timeout)
        try:
            gone = self.connection.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            gone = True
        self.left_at = time.monotonic()
        return gone


class Upstream:
    """Listens on a free port; `script(call)` answers each request in a thread of its own."""

    def __init__(self, script=None, context=None):
        self.script = script or (lambda call: call.respond(200, answer()))
        self.calls = []
        self.connections = 0
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            pending = b""
            while True:
                while b"\r\n\r\n" not in pending:
                    data = connection.recv(65536)
                    if not data:
                        return
                    pending += data
                head, pending = pending.split(b"\r\n\r\n", 1)
                length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                               if line.lower().startswith(b"content-length:")), 0)
                while len(pending) < length:
                    data = connection.recv(65536)
                    if not data:
                        return
                    pending += data
                call = Call(connection, head, pending[:length])
                pending = pending[length:]
                self.calls.append(call)
                self.script(call)
        except OSError:
            pass  # The other side left, or the script closed it.
        finally:
            connection.close()

    def close(self):
        self._listener.close()


def answer(text="four", usage=(18, 1)):
    """A plain chat completion."""
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1790000000, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1],
                      "total_tokens": sum(usage)}}


def event(delta=None, finish=None, index=0, **more):
    """One chunk of a streamed completion as an event."""
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1790000000, "model": "m",
             "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}], **more}
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
ROLE = event({"role": "assistant", "content": ""})
STOP = event(finish="stop")


def text(content):
    return event({"content": content})

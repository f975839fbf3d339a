"""A fleet of OpenAI servers whose members come and go, in a process of its own, which keeps books of all it sold."""
import asyncio
import json
import multiprocessing
import resource
import time

WORD = " abc"  # Four bytes: one token, as the gateway counts what its provider does not.
TURN = 0.7     # Seconds until a server does something else.
MOODS = ("well", "well", "broken", "busy", "deaf", "silent", "cuts")


def order_of(number):
    """What request `number` costs where it is answered: tokens in, tokens out."""
    return 50 + number % 997, 4 + number % 29


def event(delta, finish=None):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def usage_of(number):
    prompt, completion = order_of(number)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


class Server:
    """One member. `books` gets (number, tokens out, whether the answer was whole)."""

    def __init__(self, index, began, pace, books):
        self.index, self.began, self.pace, self.books = index, began, pace, books

    def mood(self):
        if self.index == 0:
            return "well"  # Or the fleet could be down as a whole.
        return MOODS[int((time.monotonic() - self.began) / TURN + 2 * self.index) % len(MOODS)]

    async def serve(self, reader, writer):
        try:
            while await self.serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def serve_one(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length"))
        request = json.loads(await reader.readexactly(size))
        number = int(request["messages"][0]["content"])
        mood = self.mood()
        if mood == "deaf":
            return False
        if mood == "silent":
            await asyncio.sleep(3)
            return False
        if mood in ("broken", "busy"):
            self.answer(writer, 500 if mood == "broken" else 429, {"error": {"message": "Not now."}},
                        b"retry-after: 1\r\n" if mood == "busy" else b"")
        elif request.get("stream"):
            return await self.stream(writer, number, mood == "cuts")
        else:
            await asyncio.sleep(self.pace * 10)
            self.answer(writer, 200, {
                "id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": usage_of(number),
                "choices": [{"index": 0, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": WORD * order_of(number)[1]}}]})
            self.books.append((number, order_of(number)[1], True))
        await writer.drain()
        return True

    def answer(self, writer, status, body, more=b""):
        body = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%s\r\n%s"
                     % (status, len(body), more, body))

    async def stream(self, writer, number, cuts):
        written = 0
        is_whole = False
        try:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            self.chunk(writer, event({"role": "assistant", "content": ""}))
            completion = order_of(number)[1]
            for _ in range(completion // 2 if cuts else completion):
                await asyncio.sleep(self.pace)
                if writer.transport.is_closing():
                    return False
                self.chunk(writer, event({"content": WORD}))
                written += 1
            if cuts:
                await writer.drain()
                return False
            self.chunk(writer, event({}, "stop"))
            self.chunk(writer, {**event({}), "choices": [], "usage": usage_of(number)})
            writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
            await writer.drain()
            is_whole = True
            return True
        finally:
            self.books.append((number, written, is_whole))

    @staticmethod
    def chunk(writer, body):
        data = b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def run(size, pace, pipe):
    async def main():
        books, began = [], time.monotonic()
        ports, servers = [], []
        for index in range(size):
            server = await asyncio.start_server(Server(index, began, pace, books).serve, "127.0.0.1", 0, backlog=4096)
            servers.append(server)
            ports.append(server.sockets[0].getsockname()[1])
        pipe.send(ports)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv) != "end":
            pipe.send(list(books))
            books.clear()
        for server in servers:
            server.close()
    raise_file_limit()
    asyncio.run(main())


def raise_file_limit(wanted=65536):
    """More sockets for this process and its children, where it may; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((wanted, max(wanted, hard)), (hard, hard)):
        if soft >= limit[0]:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class FlappingFleet:
    """`size` servers; each word of an answer takes `pace` seconds."""

    def __init__(self, size, pace):
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=run, args=(size, pace, theirs), daemon=True)
        self._process.start()
        self.ports = self._pipe.recv()

    def take_books(self):
        """All that was sold since the last time: (number, tokens out, whether it was whole)."""
        self._pipe.send("books")
        return self._pipe.recv()

    def close(self):
        self._pipe.send("end")
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()

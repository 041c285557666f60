"""A client of a served app that does what a page does not: it joins without listening, and leaves in the middle."""

import asyncio
import json
import secrets
from urllib.parse import urlsplit


class Web:
    """Requests to the app at ``address``, as somebody at ``where`` (uvicorn believes a local proxy's word)."""

    def __init__(self, address, where="192.0.2.1"):
        self.host, self.port, self.where = urlsplit(address).hostname, urlsplit(address).port, where

    async def send(self, method, path, body=b""):
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=2**24)
        head = {"Host": self.host, "Connection": "close", "Content-Type": "application/json"}
        head |= {"Content-Length": len(body), "X-Forwarded-For": self.where}
        lines = [f"{method} /gradio_api/{path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        return reader, writer

    async def ask(self, method, path, body=None):
        """(status, headers in lower case, text)"""
        reader, writer = await self.send(method, path, b"" if body is None else json.dumps(body).encode())
        head, _, text = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        return int(head.split()[1]), head.lower(), text

    async def join(self, event, session, data=()):
        """(status, headers, text) of joining the queue for the event of that number."""
        body = {"fn_index": event, "data": list(data), "session_hash": session}
        return await self.ask("POST", "queue/join", body)

    async def listen(self, session):
        """A session's stream, open."""
        return await self.open(f"queue/data?session_hash={session}")

    async def open(self, path):
        """A stream: (reader, writer), after the first lines of the answer."""
        reader, writer = await self.send("GET", path)
        await reader.readline()
        return reader, writer

    async def call(self, event, data=(), session=None):
        """What an event answers, through the queue."""
        session = session or secrets.token_hex(5)
        status, _, text = await self.join(event, session, data)
        assert status == 200, text
        return await self.answer(session)

    async def answer(self, session):
        """Listen until the session's first event ends; its message."""
        reader, writer = await self.listen(session)
        try:
            while line := await reader.readline():
                if line.startswith(b"data:") and (message := json.loads(line[5:]))["msg"] == "process_completed":
                    return message
        finally:
            writer.close()
        raise AssertionError("the stream ended before its answer")

#!/usr/bin/python3
"""Clients that do not keep to HTTP, or want what is not theirs: hostile_http.py FIXTURE

Every test ends with a well-formed request on a new connection: the server must be alive. At
the end it must leave with 0, which under the sanitizers also says that nothing was lost."""

import http.client
import json
import os
import random
import re
import socket
import sys
import time
import unittest

import outside

FIXTURE = sys.argv.pop(1)
# From the first byte of a request to its last; twice that without any byte.
SECONDS = 5 if outside.WRAP else 2
MODERN = "2026-07-28"
LONGEST = 16 << 20


def message(method, params=None, **fields):
    return json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}, **fields})


def modern(method, params=None, token=None):
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {}}
    if token is not None:
        meta["progressToken"] = token
    return message(method, {**(params or {}), "_meta": meta})


def modern_headers(method, name=None):
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    return {**headers, "Mcp-Name": name} if name else headers


def wait_call(seconds):
    return message("tools/call", {"name": "wait", "arguments": {"seconds": seconds}})


LIST = message("tools/list")


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = outside.Serving([FIXTURE, "--http", "0", str(SECONDS)]).__enter__()
        cls.port = cls.server.port
        cls.files = f"/proc/{cls.server.process.pid}/fd"
        cls.n_files = len(os.listdir(cls.files))

    @classmethod
    def tearDownClass(cls):
        # Closed connections are given back: within a second, also those of half a request.
        files = cls.files
        for _ in range(100):
            if len(os.listdir(files)) <= cls.n_files:
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"the server keeps {len(os.listdir(files))} files open")
        cls.server.__exit__(None, None, None)

    def tearDown(self):
        status, _, body = self.post(LIST)
        self.assertEqual(status, 200)
        self.assertIn("test_simple_text", body)

    # --- tools ---

    def request(self, method, body=None, path="/mcp", **headers):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        c.request(method, path, body, headers)
        r = c.getresponse()
        text = r.read().decode()
        c.close()
        return r.status, r, text

    def post(self, body, **headers):
        headers = {"Content-Type": "application/json", **headers}
        return self.request("POST", body, **headers)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def plain(self, body, headers="", start="POST /mcp HTTP/1.1"):
        return (f"{start}\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n{headers}\r\n{body}").encode()

    def hear(self, s):
        """All that comes until the server closes, or says nothing more for a while."""
        heard = b""
        try:
            while True:
                piece = s.recv(65536)
                if not piece:
                    break
                heard += piece
        except (ConnectionError, socket.timeout):
            pass
        s.close()
        return heard.decode(errors="replace")

    def say(self, text, close=True):
        """What the server answers to these bytes."""
        s = self.connect()
        s.settimeout(10)
        try:
            s.sendall(text if isinstance(text, bytes) else text.encode())
            if close:
                s.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        return self.hear(s)

    def refuses(self, text, *statuses):
        """One of these statuses, or a closed connection, and no result."""
        heard = self.say(text)
        self.assertNotIn("result", heard)
        if heard:
            status = int(re.match(r"HTTP/1\.[01] (\d+)", heard).group(1))
            self.assertIn(status, statuses)
        return heard

    def cancelled(self):
        body = message("tools/call", {"name": "cancelled_count"})
        return int(json.loads(self.post(body)[2])["result"]["content"][0]["text"])

    def until_cancelled(self, count):
        for _ in range(200):
            if self.cancelled() >= count:
                break
            time.sleep(0.02)
        self.assertEqual(self.cancelled(), count)

    # --- who asks, and for what ---

    def test_methods(self):
        for method in ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]:
            with self.subTest(method):
                status, r, _ = self.request(method)
                self.assertEqual((status, r.getheader("Allow")), (405, "POST"))
        self.refuses("FETCH /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 405, 501)

    def test_path(self):
        for path in ["/", "/mcp/", "/mcp/../mcp", "/MCP", "/%6dcp", "/" + "a" * 1000]:
            with self.subTest(path):
                self.assertEqual(self.request("POST", LIST, path=path)[0], 404)

    def test_host(self):
        for host in ["evil.example.com", "127.0.0.1.evil.example", "localhost.evil.example",
                     "evil.example:80", "[::2]", "localhost:", "localhost:123456",
                     "localhost@evil.example", "", "127.0.0.2"]:
            with self.subTest(host):
                self.assertEqual(self.post(LIST, Host=host)[0], 403)
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:65535", "[::1]", "[::1]:8080"]:
            with self.subTest(host):
                self.assertEqual(self.post(LIST, Host=host)[0], 200)
        body = f"Content-Type: application/json\r\nContent-Length: {len(LIST)}\r\n\r\n{LIST}"
        self.refuses("POST /mcp HTTP/1.1\r\n" + body, 400)
        self.refuses("POST /mcp HTTP/1.0\r\n" + body, 400)
        self.refuses("POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: a\r\n" + body, 400)
        self.refuses(self.plain(LIST, start="POST http://evil.example/mcp HTTP/1.1"), 403)

    def test_origin(self):
        for origin in ["https://evil.example", "null", "http://localhost.evil.example",
                       "file://", "http://", "http://127.0.0.1:1/x", "localhost", ""]:
            with self.subTest(origin):
                self.assertEqual(self.post(LIST, Origin=origin)[0], 403)
        for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5"]:
            with self.subTest(origin):
                self.assertEqual(self.post(LIST, Origin=origin)[0], 200)
        # No page is told that it may read the answer.
        _, r, _ = self.post(LIST, Origin="http://localhost:3000")
        self.assertIsNone(r.getheader("Access-Control-Allow-Origin"))

    def test_types(self):
        for kind in ["text/plain", "application/jsonp", "application/x-www-form-urlencoded"]:
            self.assertEqual(self.post(LIST, Content_Type=kind)[0], 415)
        self.assertEqual(self.post(LIST, Content_Type="Application/JSON ; charset=a")[0], 200)
        for accept in ["text/html", "application/jsonp, image/*", ""]:
            self.assertEqual(self.post(LIST, Accept=accept)[0], 406)
        for accept in ["*/*", "application/json", "text/html,application/*;q=0.5"]:
            status, r, _ = self.post(LIST, Accept=accept)
            self.assertEqual((status, r.getheader("Content-Type")), (200, "application/json"))
        status, r, body = self.post(LIST, Accept="text/event-stream")
        self.assertEqual((status, r.getheader("Content-Type")), (200, "text/event-stream"))
        self.assertRegex(body, r'^event: message\ndata: \{"jsonrpc".*\}\n\n$')

    # --- the body ---

    def test_messages(self):
        for body, status, code in [
            ("", 400, -32700), ("{", 400, -32700), ("\0", 400, -32700), ("[]", 400, -32600),
            ("1", 400, -32600), ("[" * 10000, 400, -32700), ('{"a":' * 10000, 400, -32700),
            ("\xff", 400, -32700), (modern("no/such"), 404, -32601),
        ]:
            with self.subTest(body[:10]):
                got, _, text = self.post(
                    body.encode("latin-1"), **modern_headers("no/such"))
                self.assertEqual((got, json.loads(text)["error"]["code"]), (status, code))
        for quiet in [{"method": "notifications/initialized"}, {"id": 1, "result": {}}]:
            got, r, text = self.post(json.dumps({"jsonrpc": "2.0", **quiet}))
            self.assertEqual((got, text), (202, ""))

    def test_headers_of_the_protocol(self):
        body = modern("tools/list")
        right = modern_headers("tools/list")
        self.assertEqual(self.post(body, **right)[0], 200)
        for wrong in [{"MCP-Protocol-Version": "2025-11-25"}, {"Mcp-Method": "tools/call"},
                      {"Mcp-Method": None}, {"MCP-Protocol-Version": None}]:
            headers = {k: v for k, v in {**right, **wrong}.items() if v is not None}
            with self.subTest(wrong):
                status, _, text = self.post(body, **headers)
                self.assertEqual((status, json.loads(text)["error"]["code"]), (400, -32020))
        for version in ["1900-01-01", "latest", "2025-11-25, 2026-07-28"]:
            status, _, _ = self.post(LIST, **{"MCP-Protocol-Version": version})
            self.assertEqual(status, 400)
        twice = "".join(f"{k}: {v}\r\n" for k, v in right.items()) + "Mcp-Method: x\r\n"
        self.refuses(self.plain(body, twice), 400)

    def test_lengths(self):
        start = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for length in ["-1", "abc", "99999999999999999999999", "0x10", "1e3", " ", "+5"]:
            with self.subTest(length):
                self.refuses(f"{start}Content-Length: {length}\r\n\r\n{LIST}", 400, 413)
        self.refuses(f"{start}Content-Length: {len(LIST)}\r\nContent-Length: 3\r\n\r\n{LIST}",
                     400)
        self.refuses(f"{start}\r\n", 400, 411)
        self.refuses(f"{start}Content-Length: {LONGEST + 1}\r\n\r\n", 413)

    def test_long_bodies(self):
        fits = LIST + " " * (LONGEST - len(LIST))
        self.assertEqual(self.post(fits)[0], 200)
        s = self.connect()
        self.assertEqual(s.recv(0), b"")
        heard = self.say(self.plain(LIST + " " * (17 << 20)), close=False)
        self.assertIn(" 413 ", heard.split("\r\n")[0])
        s.close()

    def test_long_headers(self):
        for headers in ["X: " + "a" * (1 << 20) + "\r\n", "X: a\r\n" * 100000,
                        "a" * (1 << 20)]:
            self.refuses(self.plain(LIST, headers), 400, 413, 431)
        self.refuses(self.plain(LIST, start="POST /" + "a" * (1 << 20) + " HTTP/1.1"),
                     400, 413, 414, 431)

    def test_bad_lines(self):
        for text in ["\r\n\r\n", "\0" * 1000, "POST\r\n\r\n", "POST /mcp\r\n\r\n",
                     "POST /mcp HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET\0/ HTTP/1.1\r\n\r\n",
                     "POST /mcp HTTP/1.1\r\nHost localhost\r\n\r\n", "\x16\x03\x01\x02\x00",
                     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]:
            with self.subTest(text[:20]):
                self.refuses(text, 400, 404, 405, 501, 505)

    def test_mutations(self):
        """Bytes of a good request changed, left out and sent twice, by a fixed seed."""
        dice = random.Random(20260728)
        good = self.plain(LIST, "MCP-Protocol-Version: 2025-11-25\r\nAccept: */*\r\n")
        for _ in range(300):
            text = bytearray(good)
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(len(text))
                kind = dice.randrange(4)
                if kind == 0:
                    text[at] = dice.randrange(256)
                elif kind == 1:
                    del text[at : at + dice.randint(1, 20)]
                elif kind == 2:
                    text[at:at] = text[at : at + dice.randint(1, 20)]
                else:
                    text[at:at] = dice.choice([b"\r\n", b":", b"\0", b" ", b"\xff", b"\t"])
            heard = self.say(bytes(text))
            if heard:
                self.assertRegex(heard, r"^HTTP/1\.[01] \d\d\d ")

    def chunked(self, *chunks):
        return ("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\n" + "".join(chunks)).encode()

    def test_chunks(self):
        pieces = [LIST[i : i + 7] for i in range(0, len(LIST), 7)]
        good = [f"{len(p):x}\r\n{p}\r\n" for p in pieces]
        s = self.connect()
        s.settimeout(1)
        s.sendall(self.chunked(*good, "0\r\n\r\n"))
        self.assertIn('"tools"', self.hear(s))
        for bad in ["zz\r\n", "-5\r\nabc\r\n", "ffffffffffffffffff\r\n", f"{17 << 20:x}\r\n"]:
            with self.subTest(bad):
                self.refuses(self.chunked(good[0], bad), 400, 413)
        many = f"{1 << 20:x}\r\n" + " " * (1 << 20) + "\r\n"
        self.refuses(self.chunked(*[many] * 17, "0\r\n\r\n"), 400, 413)

    # --- the connection ---

    def test_pipelining(self):
        bodies = [message("ping", id=i) for i in range(20)]
        bodies[10] = message("tools/call", {"name": "test_simple_text"}, id=10)
        s = self.connect()
        s.settimeout(1)
        s.sendall(b"".join(self.plain(b) for b in bodies))
        ids = re.findall(r'"id":(\d+)', self.hear(s))
        self.assertEqual(ids, [str(i) for i in range(20)])

    def test_expect(self):
        s = self.connect()
        s.settimeout(1)
        head, body = self.plain(LIST, "Expect: 100-continue\r\n").split(b"\r\n\r\n")
        s.sendall(head + b"\r\n\r\n")
        self.assertIn(b" 100 ", s.recv(1000))
        s.sendall(body)
        self.assertIn('"tools"', self.hear(s))

    def test_slow_sender(self):
        s = self.connect()
        begun = time.monotonic()
        try:
            for byte in self.plain(LIST):
                s.sendall(bytes([byte]))
                time.sleep(0.1)
        except ConnectionError:
            pass
        self.assertLess(time.monotonic() - begun, 5 * SECONDS)
        s.close()

    def test_client_that_does_not_read(self):
        """It asks and asks; the server neither piles up answers nor waits for ever."""
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", self.port))
        s.settimeout(10 * SECONDS)
        with self.assertRaises(ConnectionError):
            for _ in range(100):
                s.sendall(self.plain(LIST) * 1000)
        s.close()
        with open(f"/proc/{self.server.process.pid}/status") as f:
            held = int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1))
        self.assertLess(held, 600 << 10)

    def test_silent_client(self):
        s = self.connect()
        s.settimeout(5 * SECONDS)
        self.assertEqual(s.recv(1), b"")
        s.close()

    def test_many_connections(self):
        """More than there are places for: they wait, and those that say nothing lose theirs."""
        silent = [self.connect() for _ in range(60)]
        begun = time.monotonic()
        self.assertEqual(self.post(LIST)[0], 200)
        self.assertLess(time.monotonic() - begun, 8 * SECONDS)
        for s in silent:
            s.close()
        for _ in range(200):  # and places are given back at once
            self.assertEqual(self.post(LIST)[0], 200)

    # --- calls ---

    def test_half_closed(self):
        """A client that says it is done still gets what is ready at once."""
        heard = self.say(self.plain(LIST, "Connection: close\r\n"))
        self.assertIn('"tools"', heard)

    def test_progress(self):
        call = modern("tools/call", {"name": "wait", "arguments": {"seconds": 0.7}}, "t")
        headers = modern_headers("tools/call", "wait")
        _, r, body = self.post(call, Accept="application/json, text/event-stream", **headers)
        self.assertEqual(r.getheader("Content-Type"), "text/event-stream")
        events = [json.loads(e[len("event: message\ndata: ") :])
                  for e in body.split("\n\n") if e]
        told = [e["params"]["progress"] for e in events[:-1]]
        self.assertGreaterEqual(len(told), 2)
        self.assertEqual(told, sorted(set(told)))
        self.assertEqual(events[-1]["result"]["resultType"], "complete")
        _, r, body = self.post(call, Accept="application/json", **headers)
        self.assertEqual(r.getheader("Content-Type"), "application/json")
        self.assertEqual(json.loads(body)["result"]["resultType"], "complete")

    def test_disconnect_cancels(self):
        before = self.cancelled()
        begun = self.server.begun()
        s = self.connect()
        s.sendall(self.plain(wait_call(50)))
        self.server.until_begun(begun + 1)
        s.close()
        self.until_cancelled(before + 1)
        s = self.connect()
        token = modern("tools/call", {"name": "wait", "arguments": {"seconds": 50}}, 7)
        headers = {"Accept": "text/event-stream", **modern_headers("tools/call", "wait")}
        s.sendall(self.plain(token, "".join(f"{k}: {v}\r\n" for k, v in headers.items())))
        self.assertIn(b"text/event-stream", s.recv(1000))
        s.close()
        self.until_cancelled(before + 2)

    def test_waiting_calls_never_start(self):
        before = self.cancelled()
        begun = self.server.begun()
        calls = [self.connect() for _ in range(10)]
        for s in calls:
            s.sendall(self.plain(wait_call(50)))
        self.server.until_begun(begun + 4)  # as many as run at a time
        time.sleep(0.3)
        self.assertEqual(self.server.begun(), begun + 4)
        for s in calls:
            s.close()
        self.until_cancelled(before + 4)
        time.sleep(0.2)
        self.assertEqual(self.cancelled(), before + 4)

    def test_cancellation_is_of_the_session(self):
        hello = {"protocolVersion": "2025-11-25", "capabilities": {},
                 "clientInfo": {"name": "a", "version": "1"}}
        session = self.post(message("initialize", hello))[1].getheader("Mcp-Session-Id")
        other = self.post(message("initialize", hello))[1].getheader("Mcp-Session-Id")
        self.assertNotEqual(session, other)
        before = self.cancelled()
        begun = self.server.begun()
        s = self.connect()
        s.settimeout(20)
        s.sendall(self.plain(wait_call(50), f"Mcp-Session-Id: {session}\r\n"))
        self.server.until_begun(begun + 1)
        cancel = json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled",
                             "params": {"requestId": 1}})
        for headers in [{}, {"Mcp-Session-Id": other}]:
            self.assertEqual(self.post(cancel, **headers)[0], 202)
        time.sleep(0.2)
        self.assertEqual(self.cancelled(), before)
        self.assertEqual(self.post(cancel, **{"Mcp-Session-Id": session})[0], 202)
        self.until_cancelled(before + 1)
        self.assertIn(b" 202 ", s.recv(1000).split(b"\r\n")[0])
        s.close()


class Ending(unittest.TestCase):
    def test_signal_in_mid_call(self):
        """The call is cancelled and the server leaves with 0."""
        with outside.Serving([FIXTURE, "--http", "0"]) as server:
            body = wait_call(50)
            s = socket.create_connection(("127.0.0.1", server.port))
            s.sendall((f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
                       f"\r\nContent-Type: application/json\r\n\r\n{body}").encode())
            server.until_begun(1)
            begun = time.monotonic()
        self.assertLess(time.monotonic() - begun, 10)
        s.close()

    @unittest.skipIf(outside.WRAP, "valgrind has files of its own")
    def test_no_files_left(self):
        """The server waits for a file, without spinning, and serves again."""
        command = ["sh", "-c", 'ulimit -n 20 && exec "$0" --http 0', FIXTURE]
        with outside.Serving(command) as server:
            at = ("127.0.0.1", server.port)
            taken = [socket.create_connection(at) for _ in range(30)]
            time.sleep(1.5)
            with open(f"/proc/{server.process.pid}/stat") as f:
                ticks = sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:13])
            self.assertLess(ticks / os.sysconf("SC_CLK_TCK"), 0.4)
            self.assertLess(len(server.lines), 10)
            for s in taken:
                s.close()
            for _ in range(3):
                c = http.client.HTTPConnection(*at, timeout=20)
                c.request("POST", "/mcp", LIST, {"Content-Type": "application/json"})
                self.assertEqual(c.getresponse().status, 200)
                c.close()

    def test_port_in_use(self):
        with outside.Serving([FIXTURE, "--http", "0"]) as server:
            result = outside.run([FIXTURE, "--http", str(server.port)], seconds=20)
        self.assertEqual(result.returncode, 2)
        self.assertIn("give another port", result.stdout)


unittest.main()

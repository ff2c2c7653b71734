"""Drives a server with the small offer over pipes: what a client, a careless one or a hostile one
does. Usage: stdio.py SERVER. Every wait is bounded; every line that comes is checked."""
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

SERVER = [sys.argv.pop(1)]
PATIENCE = 30  # seconds; a machine under sanitizers is slow
LONG = 120000  # ms; a call that nobody waits for


def is_message(m):
    """A response or a notification of JSON-RPC 2.0."""
    if m.get("jsonrpc") != "2.0":
        return False
    if "method" in m:
        return set(m) == {"jsonrpc", "method", "params"}
    return set(m) == {"jsonrpc", "id", "result"} or (
        set(m) == {"jsonrpc", "id", "error"}
        and isinstance(m["error"]["code"], int)
        and isinstance(m["error"]["message"], str)
    )


class Server:
    def __init__(self, read=True):
        self.process = subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self.collect, daemon=True)
        if read:
            self.thread.start()

    def collect(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, **message):
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def call(self, ident, tool, progress=None, **arguments):
        params = {"name": tool, "arguments": arguments}
        if progress is not None:
            params["_meta"] = {"progressToken": progress}
        self.send(id=ident, method="tools/call", params=params)

    def cancel(self, ident):
        self.send(method="notifications/cancelled", params={"requestId": ident})

    def get(self):
        """The next message; None at the end."""
        line = self.lines.get(timeout=PATIENCE)
        if line is None:
            return None
        assert line.endswith(b"\n"), line[:200]
        message = json.loads(line.decode())
        for m in message if isinstance(message, list) else [message]:
            assert is_message(m), line[:200]
        return message

    def begin(self, ident, **arguments):
        """A call of the tool "wait" that has been seen to run."""
        self.call(ident, "wait", progress="begun %s" % ident, **arguments)
        message = self.get()
        assert message["params"]["progressToken"] == "begun %s" % ident, message

    def next_answer(self):
        while True:
            message = self.get()
            if message is None or "method" not in message:
                return message

    def rest(self):
        """All answers up to the end, by id."""
        answers = {}
        while True:
            message = self.next_answer()
            if message is None:
                return answers
            assert message["id"] not in answers, message
            answers[message["id"]] = message

    def close(self):
        self.process.stdin.close()

    def exit_code(self):
        return self.process.wait(timeout=PATIENCE)

    def end(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class Stdio(unittest.TestCase):
    def setUp(self):
        self.server = Server()

    def tearDown(self):
        self.server.end()

    def finish(self):
        """Ends the input; what was still answered, and an exit code of 0."""
        self.server.close()
        answers = self.server.rest()
        self.assertEqual(self.server.exit_code(), 0)
        return answers

    def ping(self, ident="ping"):
        self.server.send(id=ident, method="ping")
        self.assertEqual(self.server.next_answer(), {"jsonrpc": "2.0", "id": ident, "result": {}})

    def count(self, stopped):
        """How many calls of "wait" were begun, once that many have seen that they are cancelled."""
        until = time.monotonic() + PATIENCE
        while True:
            self.server.call("count", "count")
            result = self.server.next_answer()["result"]
            if result["stopped"] >= stopped or time.monotonic() > until:
                return result["begun"], result["stopped"]
            time.sleep(0.01)


class Interleaving(Stdio):
    def test_a_long_call_holds_up_nothing(self):
        self.server.begin(1, ms=LONG)
        self.ping()
        self.server.call(2, "echo", word="x")
        self.assertEqual(self.server.next_answer()["result"]["structuredContent"], {"got": {"word": "x"}})
        self.server.cancel(1)
        self.assertEqual(self.finish(), {})

    def test_every_request_has_its_own_answer(self):
        for i in range(60):
            self.server.call(i, "echo", word="w%d" % i)
            self.server.send(id="p%d" % i, method="ping")
            if i % 10 == 9:
                got = {}
                for _ in range(20):
                    message = self.server.next_answer()
                    got[message["id"]] = message
                for k in range(i - 9, i + 1):
                    self.assertEqual(got[k]["result"]["structuredContent"]["got"]["word"], "w%d" % k)
                    self.assertEqual(got["p%d" % k]["result"], {})
        self.assertEqual(self.finish(), {})

    def test_progress_rises_and_ends_before_the_answer(self):
        self.server.call(1, "wait", progress=7, ms=600)
        seen = []
        while True:
            message = self.server.get()
            if "method" not in message:
                break
            self.assertEqual(message["params"]["progressToken"], 7)
            seen.append(message["params"]["progress"])
        self.assertEqual(message["id"], 1)
        self.assertGreaterEqual(len(seen), 2)
        self.assertEqual(seen, sorted(set(seen)))
        self.ping()
        self.assertEqual(self.finish(), {})

    def test_both_eras_in_one_process(self):
        modern = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                  "io.modelcontextprotocol/clientCapabilities": {}}
        self.server.send(id=1, method="tools/list", params={"_meta": modern})
        self.assertEqual(self.server.get()["result"]["resultType"], "complete")
        self.server.send(id=2, method="initialize", params={"protocolVersion": "2025-06-18"})
        self.assertEqual(self.server.get()["result"]["protocolVersion"], "2025-06-18")
        self.server.send(method="notifications/initialized")
        self.server.send(id=3, method="tools/list")
        self.assertNotIn("resultType", self.server.get()["result"])
        self.server.send(id=4, method="server/discover", params={"_meta": modern})
        self.assertIn("2026-07-28", self.server.get()["result"]["supportedVersions"])
        self.assertEqual(self.finish(), {})


class Cancellation(Stdio):
    def test_before_during_and_after(self):
        self.server.cancel(1)  # nobody has this id yet
        self.server.begin(1, ms=LONG)
        self.server.cancel("1")  # another id
        self.server.cancel(2)
        self.ping()
        self.server.cancel(1)
        self.server.cancel(1)
        self.assertEqual(self.count(1), (1, 1))
        self.ping(1)  # its id is free again
        self.server.cancel(1)  # too late
        self.ping(1)
        self.assertEqual(self.finish(), {})

    def test_one_that_waits_never_starts(self):
        self.server.begin(1, ms=LONG)
        self.server.begin(2, ms=LONG)
        self.server.call(3, "wait", ms=LONG)
        self.server.cancel(3)
        self.server.call(4, "echo")
        self.server.cancel(1)
        self.assertEqual(self.server.next_answer()["id"], 4)
        self.server.cancel(2)
        self.assertEqual(self.count(2), (2, 2))
        self.assertEqual(self.finish(), {})

    def test_in_a_batch_only_the_part_is_left_out(self):
        self.server.write(b"[]\n")
        self.assertEqual(self.server.get()["error"]["code"], -32600)
        self.server.send(id=0, method="initialize", params={"protocolVersion": "2025-03-26"})
        self.server.get()
        batch = [{"jsonrpc": "2.0", "id": "a", "method": "ping"},
                 {"jsonrpc": "2.0", "id": "b", "method": "tools/call",
                  "params": {"name": "wait", "arguments": {"ms": LONG}, "_meta": {"progressToken": 1}}},
                 {"jsonrpc": "2.0", "method": "notifications/initialized"},
                 {"jsonrpc": "2.0", "id": "c", "method": "ping"}]
        self.server.write(json.dumps(batch).encode() + b"\n")
        self.assertEqual(self.server.get()["params"]["progressToken"], 1)
        self.server.cancel("b")
        self.assertEqual([m["id"] for m in self.server.get()], ["a", "c"])
        self.server.send(id=0, method="initialize", params={"protocolVersion": "2025-06-18"})
        self.server.get()
        self.server.write(json.dumps(batch).encode() + b"\n")
        self.assertEqual(self.server.get()["error"]["code"], -32600)
        self.assertEqual(self.finish(), {})


class Limits(Stdio):
    def test_an_id_in_use_is_refused(self):
        self.server.begin(1, ms=LONG)
        self.server.send(id=1, method="ping")
        refusal = self.server.get()
        self.assertEqual((refusal["id"], refusal["error"]["code"]), (None, -32600))
        self.server.call(1, "echo")
        self.assertEqual(self.server.get()["error"]["code"], -32600)
        self.server.cancel(1)
        self.assertEqual(self.finish(), {})

    def test_the_queue_is_bounded(self):
        self.server.begin("r1", ms=LONG)
        self.server.begin("r2", ms=LONG)
        for i in range(70):
            self.server.call(i, "wait", ms=LONG)
        for i in range(64, 70):
            refusal = self.server.get()
            self.assertEqual((refusal["id"], refusal["error"]["code"]), (i, -32603))
        for i in ["r1", "r2"] + list(range(64)):
            self.server.cancel(i)
        self.ping()
        self.assertEqual(self.finish(), {})

    def test_the_bytes_of_what_waits_are_bounded(self):
        for i in range(3):
            self.server.call(i, "wait", ms=LONG, filler="x" * (12 << 20))
        refusal = self.server.get()
        self.assertEqual((refusal["id"], refusal["error"]["code"]), (2, -32603))
        self.server.cancel(0)
        self.count(1)
        self.server.call(3, "echo", filler="x" * (12 << 20))
        self.assertEqual(self.server.get()["id"], 3)
        self.server.cancel(1)
        self.assertEqual(self.finish(), {})

    def test_long_lines(self):
        for size, code in ((10 << 20, None), (16 << 20, -32600), (40 << 20, -32600)):
            line = b'{"jsonrpc":"2.0","id":"long","method":"ping","params":{"a":"' + b"x" * size + b'"}}\n'
            self.server.write(line)
            answer = self.server.get()
            if code is None:
                self.assertEqual(answer["id"], "long")
                self.assertEqual(answer["result"], {})
            else:
                self.assertEqual((answer["id"], answer["error"]["code"]), (None, code))
            self.ping()
        self.assertEqual(self.finish(), {})

    def test_long_answers(self):
        for i in range(2):
            self.server.call(i, "big", bytes=12 << 20)
        sizes = sorted((m["id"], len(m["result"]["text"])) for m in (self.server.get(), self.server.get()))
        self.assertEqual(sizes, [(0, 12 << 20), (1, 12 << 20)])
        self.assertEqual(self.finish(), {})

    def test_deep_lines(self):
        for depth in (10000, 5000000):
            self.server.write(b'{"jsonrpc":"2.0","params":{"a":' + b"[" * depth + b"]" * depth
                              + b'},"method":"ping","id":"deep"}\n')
            answer = self.server.get()
            self.assertEqual((answer["id"], answer["error"]["code"]), ("deep", -32600))
            self.server.write(b"[" * depth + b"\n")
            self.assertEqual(self.server.get()["error"]["code"], -32700)
        self.ping()
        self.assertEqual(self.finish(), {})

    def test_lines_that_are_no_messages(self):
        for line in (b"x", b"{", b"\0", b'{"a":"\xff"}', b"\xef\xbb\xbf{}", b'{"jsonrpc":"2.0",,}', b"}" * 1000):
            self.server.write(line + b"\n")
            answer = self.server.get()
            self.assertEqual((answer["id"], answer["error"]["code"]), (None, -32700), line)
        self.server.write(b"\n \t\r\n\r\n")  # nothing was said
        self.server.write(b'{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}\r\n')
        self.assertEqual(self.server.get()["id"], 99999999999999999999)
        self.assertEqual(self.finish(), {})

    def test_a_message_may_come_in_pieces(self):
        line = b'{"jsonrpc":"2.0","id":"pieces","method":"ping"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}\n'
        for i in range(0, len(line), 7):
            self.server.write(line[i:i + 7])
            time.sleep(0.002)
        self.assertEqual(self.server.get()["id"], "pieces")
        self.assertEqual(self.server.get()["id"], 2)
        self.assertEqual(self.finish(), {})


class Storms(Stdio):
    """The same on every machine but for the order of the answers."""

    def test_calls_and_cancellations_in_any_order(self):
        dice = random.Random(1)
        sent, cancelled = set(), set()
        for i in range(400):
            kind = dice.randrange(4)
            if kind < 2:
                self.server.call(i, "wait", progress=i, ms=dice.randrange(20))
                sent.add(i)
            elif kind == 2 and sent:
                victim = dice.choice(sorted(sent, key=str))
                self.server.cancel(victim)
                cancelled.add(victim)
            else:
                self.server.send(id="p%d" % i, method="ping")
                sent.add("p%d" % i)
            if len(sent) % 40 == 0:
                time.sleep(0.2)
        answers = self.finish()
        self.assertLessEqual(set(answers), sent)
        self.assertGreaterEqual(set(answers), sent - cancelled)
        for ident, answer in answers.items():
            self.assertTrue("result" in answer or answer["error"]["code"] == -32603, ident)

    def test_noise(self):
        dice = random.Random(2)
        folder = os.path.join(os.path.dirname(__file__), "../../fuzz/corpus_rpc")
        seeds = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                seeds.append(file.read().replace(b"\n", b" "))
        for i in range(2000):
            line = bytearray(dice.choice(seeds))
            for _ in range(1 + dice.randrange(4)):
                where, other = dice.randrange(len(line) + 1), dice.choice(seeds)
                begin = dice.randrange(len(other))
                line[where:where + dice.randrange(9)] = other[begin:begin + dice.randrange(40)]
            self.server.write(bytes(line).replace(b"\n", b" ") + b"\n")
            if i % 100 == 99:
                self.server.send(id="ping %d" % i, method="ping")
        pings = 0
        self.server.close()
        while True:
            message = self.server.get()  # each is checked there
            if message is None:
                break
            pings += isinstance(message, dict) and str(message.get("id")).startswith("ping ")
        self.assertEqual(pings, 20)
        self.assertEqual(self.server.exit_code(), 0)


class TheEnd(Stdio):
    def test_at_once(self):
        self.assertEqual(self.finish(), {})

    def test_in_mid_call(self):
        self.server.begin(1, ms=400)
        answers = self.finish()
        self.assertEqual(list(answers), [1])
        self.assertIn("result", answers[1])

    def test_with_calls_that_wait(self):
        for i in range(8):
            self.server.call(i, "wait", ms=50)
        self.assertEqual(sorted(self.finish()), list(range(8)))

    def test_in_mid_message(self):
        self.server.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}')
        self.assertEqual(list(self.finish()), [1])
        self.server.end()
        self.server = Server()
        self.server.write(b'{"jsonrpc":"2.0","id":1,"meth')
        self.assertEqual(self.finish()[None]["error"]["code"], -32700)

    def test_in_mid_line_that_is_too_long(self):
        self.server.write(b"[" * (17 << 20))
        self.assertEqual(self.finish()[None]["error"]["code"], -32600)

    def test_by_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for busy in (False, True):
                if busy:
                    self.server.begin(1, ms=LONG)
                    self.server.call(2, "wait", ms=LONG)
                else:
                    self.ping()
                self.server.process.send_signal(number)
                self.assertEqual(self.server.exit_code(), 128 + number)
                self.assertEqual(self.server.rest(), {})
                self.server.end()
                self.server = Server()


    def test_by_a_second_signal_though_a_call_hears_nothing(self):
        self.server.call(1, "deaf", progress=1)
        self.server.get()
        self.server.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(self.server.process.poll())
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.exit_code(), 128 + signal.SIGTERM)


class NobodyReads(unittest.TestCase):
    def test_a_reader_that_leaves_ends_the_calls(self):
        server = Server(read=False)
        try:
            server.call(1, "wait", ms=LONG)
            server.call(2, "wait", ms=LONG)
            server.call(3, "wait", ms=LONG)
            server.process.stdout.close()
            self.assertEqual(server.exit_code(), 0)
        finally:
            server.end()

    def test_a_reader_that_leaves_after_the_end_of_the_input(self):
        server = Server(read=False)
        try:
            server.call(1, "wait", ms=LONG)
            server.close()
            time.sleep(0.2)
            server.process.stdout.close()
            self.assertEqual(server.exit_code(), 0)
        finally:
            server.end()

    def test_a_reader_that_sleeps_does_not_keep_a_signal_out(self):
        server = Server(read=False)
        try:
            for i in range(3):
                server.call(i, "big", bytes=4 << 20)
                server.send(id="p%d" % i, method="ping")
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.exit_code(), 128 + signal.SIGTERM)
        finally:
            server.end()

    def test_a_client_that_asks_everything_before_it_reads(self):
        server = Server(read=False)
        try:
            for i in range(20000):
                server.send(id=i, method="ping")
            for i in range(9):  # beyond what is kept before the reading pauses
                server.call("big %d" % i, "big", bytes=12 << 20)
            server.call("slow", "wait", ms=LONG)
            server.cancel("slow")
            server.thread.start()
            server.send(id="last", method="ping")
            server.close()
            answers = server.rest()
            self.assertEqual(server.exit_code(), 0)
            self.assertEqual(set(answers), set(range(20000)) | {"big %d" % i for i in range(9)} | {"last"})
        finally:
            server.end()

    def test_streams_that_are_closed_from_the_beginning(self):
        with open(os.devnull) as nothing:
            done = subprocess.run(SERVER, stdin=nothing, stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        for redirection in ("<&-", ">&-", "<&- >&-"):
            done = subprocess.run(["sh", "-c", '"$0" ' + redirection, SERVER[0]], input=b"{}\n",
                                  timeout=PATIENCE, check=False)
            self.assertEqual(done.returncode, 0, redirection)


if __name__ == "__main__":
    unittest.main(verbosity=1)

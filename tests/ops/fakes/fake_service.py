"""A service for the stack's tests: answers 200 on every path; FAKE_<NAME> says how it misbehaves."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(
            {name: os.environ.get(name) for name in ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_EMBEDDED", "DATA_DIR", "HOST")}
        ).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        return


def main(port_variable):
    behaviour = os.environ.get(f"FAKE_{port_variable}", "")
    if behaviour == "refuse":
        print(json.dumps({"event": "cannot start", "exception": "Traceback\nRuntimeError: no disk"}), file=sys.stderr)
        sys.exit(7)
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    HTTPServer(("127.0.0.1", int(os.environ[port_variable])), Answer).serve_forever()

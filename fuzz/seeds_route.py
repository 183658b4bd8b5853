#!/usr/bin/python3
"""Writes heads of requests, good and bad: where the router's fuzzer starts."""

import pathlib
import sys

HOST = "Host: 127.0.0.1:8080"
HEADS = [
    f"GET /api/v1/session\n{HOST}\nCookie: bivy_session={'a' * 64}",
    f"GET /api/v1/unikernels/tenant%3Aweb/console?tail=5&after=7\n{HOST}\nLast-Event-ID: 9",
    f"POST /api/v1/session\n{HOST}\nContent-Type: application/json\nContent-Length: 20\nOrigin: http://127.0.0.1:8080",
    f"PATCH /api/v1/uploads/0123456789abcdef\n{HOST}\nUpload-Offset: 5\nX-Bivy-CSRF: {'0' * 64}",
    f"DELETE /api/v1/images/{'0' * 64}\n{HOST}\nSec-Fetch-Site: same-origin",
    f"GET /app.js\n{HOST}\nAccept-Encoding: gzip;q=0.5\nIf-None-Match: \"x\"\nAccept: text/html",
    f"GET /..%2f%00\nHost: [::1]:80\nHost: x",
    "PUT /api/v1/openapi.json\nHost: localhost\nTransfer-Encoding: chunked",
]

folder = pathlib.Path(sys.argv[1])
for number, head in enumerate(HEADS):
    (folder / f"seed{number}").write_text(head)

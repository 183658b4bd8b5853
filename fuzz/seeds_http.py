#!/usr/bin/python3
"""Seeds for fuzz_http: requests of every kind that the parser tells apart. seeds_http.py DIRECTORY"""

import pathlib
import sys

HOST = "Host: example\r\n"
SEEDS = [
    f"GET / HTTP/1.1\r\n{HOST}\r\n",
    f"HEAD /a/b.css?q=1 HTTP/1.1\r\n{HOST}Range: bytes=0-99\r\nIf-Range: \"abc\"\r\n\r\n",
    f"GET /%41%2f..%2e HTTP/1.1\r\n{HOST}If-None-Match: W/\"abc\", \"def\"\r\nConnection: close, TE\r\n\r\n",
    "GET http://example/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    f"POST /form HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\r\nabc",
    f"PUT / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    f"OPTIONS * HTTP/1.1\n{HOST}\n",
    "\r\n\r\nBREW /pot HTTP/2.7\r\n",
]

for number, seed in enumerate(SEEDS):
    (pathlib.Path(sys.argv[1]) / f"seed{number}").write_text(seed, newline="")

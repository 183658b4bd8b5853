"""Requests and bytes a second of the static HTTP server, beside a native one, in one run on the same processors."""

import contextlib
import os
import re
import subprocess
import time

from lab import BIN, SOURCE, build, daemon, free_port, http_get, median, peer, result, run

ROUNDS = 3
SECONDS = 1
CONNECTIONS = {"/index.html": 32, "/large.bin": 4}
LARGE_MIB = 4

NGINX = """daemon off; master_process off; worker_processes 1; pid {0}/pid; error_log {0}/error;
events {{ worker_connections 256; }}
http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {0}; proxy_temp_path {0};
fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};
types {{ text/html html; }} server {{ listen 127.0.0.1:{1}; root {2}; }} }}
"""


def pinned(cpu, *command):
    """COMMAND on one processor, so that server and client do not take turns on the same."""
    return ["taskset", "-c", str(cpu % (os.cpu_count() or 1)), *map(str, command)]


def client(url, path):
    return pinned(1, peer("wrk", "WRK"), "-t1", f"-c{CONNECTIONS[path]}", f"-d{SECONDS}s", "--timeout", "10s", url + path)


def wrk(url, path):
    """Requests and bytes a second over keep-alive connections; errors are failures of the measurement."""
    return wrk_numbers(run(*client(url, path)))


def wrk_numbers(said):
    if re.search(r"Non-2xx|Socket errors: (?!connect 0, read 0, write 0, timeout 0)", said):
        raise RuntimeError(said)
    size, unit = re.search(r"Transfer/sec:\s+([\d.]+)([KMG]?B)", said).groups()
    factor = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[unit]
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)), float(size) * factor


@contextlib.contextmanager
def nginx(directory, root):
    port = free_port()
    with open(f"{directory}/nginx.conf", "w") as configuration:
        configuration.write(NGINX.format(directory, port, root))
    process = subprocess.Popen(pinned(0, peer("nginx", "NGINX"), "-c", f"{directory}/nginx.conf", "-p", directory),
                               stderr=subprocess.DEVNULL)
    try:
        http_get(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def over_tap(web, path):
    """The same over a tap, in a network namespace: no switch in between; None where that needs more rights."""
    tender = " ".join(pinned(0, BIN / "bivy-spt", "--mem=32", "--net:service=bench0", web,
                             "--ipv4=10.99.0.2/24"))
    ask = " ".join(client("http://10.99.0.2", path))
    script = (f"ip tuntap add bench0 mode tap && ip addr add 10.99.0.1/24 dev bench0 && ip link set bench0 up || exit 9;"
              f"{tender} >/dev/null & for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; {ask} >/dev/null && break; done;"
              f"{ask}; kill $!")
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], text=True, capture_output=True)
    return wrk_numbers(done.stdout) if "Requests/sec" in done.stdout else None


def site(directory):
    """The example's server with one small and one large file."""
    root = f"{directory}/site/root"
    run("cp", "-r", SOURCE / "examples/http", f"{directory}/site")
    with open(f"{root}/large.bin", "wb") as file:
        file.write(os.urandom(LARGE_MIB << 20))
    os.chmod(directory, 0o755)
    return build(f"{directory}/web.uk", f"{directory}/site"), root


def through_switch(bivy, web):
    """The server behind bivy-net, published on the loopback; each process where the kernel puts it."""
    port = free_port()
    bivy("deploy", "web", web, "--memory", "32", "-p", f"{port}:80")
    http_get(port)
    time.sleep(0.2)
    return f"http://127.0.0.1:{port}"


def traffic(directory):
    absent = [name for name in ("wrk", "nginx") if not peer(name, name.upper())]
    if absent:
        print(f"static HTTP, requests a second: {' and '.join(absent)} not present")
        return
    web, root = site(directory)
    with daemon() as bivy, nginx(directory, root) as native:
        ours = through_switch(bivy, web)
        for what, path, column, unit, divisor in (("static HTTP, requests", "/index.html", 0, "/s", 1),
                                                  (f"TCP stream, files of {LARGE_MIB} MiB", "/large.bin", 1, "MB/s", 1e6)):
            rounds = [(wrk(native, path), over_tap(web, path), wrk(ours, path)) for _ in range(ROUNDS)]
            for way, who in enumerate(("native nginx, one worker, loopback", "process tender over a tap",
                                       "through bivy-net's loopback")):
                if any(one[way] is None for one in rounds):
                    continue  # a tap needs more rights than this run has
                share = median(one[way][column] / one[0][column] for one in rounds)
                note = f"{share:.2f} x nginx, median of {ROUNDS} rounds" if way > 0 else ""
                yield result(f"{what}: {who}", median(one[way][column] / divisor for one in rounds), unit, note=note)

"""The measurements. Each takes a scratch directory and yields results: what, value, unit, limit, note."""

import json
import os
import time

from exits import exits
from lab import (BIN, SOURCE, build, cpu_seconds, daemon, first_line, free_port, has_kvm, http_get, median, peer, pss_kib,
                 result, rss_kib, run, sync_seconds, times, web_machines)
from lab_wire import conversation, recorder
from traffic import traffic

MANY = 200  # running unikernels that the daemon watches
IDLE_S = 5
INSTANCES = 100  # for the memory of one idle unikernel
DEPLOYS = 30
MACHINES = 20
CREATES = 400


def image_sizes(directory):
    hello = build(f"{directory}/hello.uk", SOURCE / "examples/hello/hello.c")
    web = build(f"{directory}/web.uk", SOURCE / "examples/http")
    yield result("hello image", os.path.getsize(hello) / 1024, "KiB", 32)
    yield result("static HTTP server image with TCP/IP", os.path.getsize(web) / 1024, "KiB", 160)


def process_start(directory):
    hello = build(f"{directory}/hello.uk", SOURCE / "examples/hello/hello.c")
    commands = [["/bin/true"], [BIN / "bivy-spt", "--mem=2", hello]]
    stock = peer("solo5-spt", "SOLO5_SPT")
    if stock:
        commands.append([stock, "--mem=2", hello])
    rounds = times(commands)
    ratios = [ours / base for base, ours, *_ in rounds]
    note = f"of {len(rounds)} rounds; {median(r[1] for r in rounds) * 1e6:.0f} us against "
    note += f"{median(r[0] for r in rounds) * 1e6:.0f} us; solo5-spt: "
    note += f"{median(r[2] / r[0] for r in rounds):.2f} x" if stock else "not present"
    yield result("process tender, hello, spawn to exit / that of /bin/true", median(ratios), "x", 0.25, note)


def idle_memory(directory):
    web = build(f"{directory}/web.uk", SOURCE / "examples/http")
    with daemon() as bivy:
        for number in range(INSTANCES):
            bivy("deploy", f"web{number}", web, "--memory", "8", "-p", "0:80")
        shown = [json.loads(bivy("show", f"web{number}", "-o", "json")) for number in range(INSTANCES)]
        for unikernel in shown:
            for _ in range(10):
                http_get(unikernel["ports"][0]["host"])
        time.sleep(1)
        values = [pss_kib(unikernel["pid"]) for unikernel in shown]
    yield result("idle HTTP unikernel, median PSS of its tender (process)", median(values), "KiB", 100,
                 f"of {INSTANCES} instances, 10 requests each; least {min(values)}, most {max(values)}")


def machine_start(directory):
    """Both tenders' own work: the same program, as an image of each kind."""
    if not has_kvm():
        return
    hello = build(f"{directory}/hello.uk", SOURCE / "examples/hello/hello.c")
    commands = [["/bin/echo", "hello"], [BIN / "bivy-hvt", "--mem=2", hello], [BIN / "bivy-spt", "--mem=2", hello]]
    stock = peer("solo5-hvt", "SOLO5_HVT")
    if stock:
        commands.append([stock, "--mem=2", build(f"{directory}/plain.uk", "--target", "hvt", SOURCE / "examples/hello/hello.c")])
    base, ours, process, *theirs = first_line(commands)
    yield result("process tender, hello, spawn to first line / /bin/echo's", process / base, "x", None, f"{process * 1e3:.2f} ms")
    note = f"{ours * 1e3:.2f} ms, /bin/echo {base * 1e3:.2f} ms; solo5-hvt: "
    note += f"{theirs[0] * 1e3:.2f} ms" if theirs else "not present"
    if theirs:
        yield result("VM tender, hello, spawn to first line / solo5-hvt's", ours / theirs[0], "x", 0.5, note)
    else:
        yield result("VM tender, hello, spawn to first line / /bin/echo's", ours / base, "x", None, note)


def machine_memory(directory):
    if not has_kvm():
        return
    web = build(f"{directory}/web.uk", SOURCE / "examples/http")
    with web_machines(web, MACHINES) as machines:
        for _, port in machines:
            for _ in range(10):
                http_get(port)
        time.sleep(1)
        values = [pss_kib(pid) for pid, _ in machines]
    yield result("idle HTTP unikernel, median PSS of its tender (VM)", median(values), "KiB", 250,
                 f"of {MACHINES} instances, 10 requests each; least {min(values)}, most {max(values)}")


def deploy_time(directory):
    """From the last byte of the image handed to the daemon to the first byte of the guest's first answer."""
    web = build(f"{directory}/web.uk", SOURCE / "examples/http")
    taken = []
    with daemon() as bivy:
        for number in range(DEPLOYS):
            port = free_port()
            with open(web, "rb") as image, open(f"{directory}/w{number}.uk", "wb") as other:
                other.write(image.read() + number.to_bytes(4, "little"))  # an image the store does not have
            report = json.loads(bivy("deploy", f"web{number}", f"{directory}/w{number}.uk", "--memory", "8",
                                     "-p", f"{port}:80", "--timing", "-o", "json"))
            taken.append((http_get(port) - report["timing"]["sent_ns"]) / 1e6)
            bivy("destroy", f"web{number}", "--yes")
    yield result("deploy: image's last byte to first HTTP byte, median", median(taken), "ms", 10,
                 f"of {DEPLOYS}; least {min(taken):.1f}, most {max(taken):.1f}; the command's own exit is in it; "
                 f"the disk's own sync took {sync_seconds(directory) * 1e3:.2f} ms")


def create_rate(directory):
    """Unikernels a second that one client creates, one after the other, each with a connection of its own."""
    hello = build(f"{directory}/hello.uk", SOURCE / "examples/hello/hello.c")
    with daemon() as bivy:
        first = json.loads(bivy("deploy", "first", hello, "--restart", "never", "-o", "json"))
        path = f"{bivy.run_directory}/util/vmmd.sock"
        with recorder(path, f"{directory}/recorded") as requests:
            run(BIN / "bivy", "deploy", "--run-dir", f"{directory}/recorded", "job-00000", first["digest"],
                "--memory", "2", "--restart", "never")
        request = next(said for said in requests if b"job-00000" in said)
        began = time.monotonic()
        answers = [conversation(path, request.replace(b"job-00000", b"job-%05d" % number))
                   for number in range(1, CREATES + 1)]
        taken = time.monotonic() - began
        listed = json.loads(bivy("ps", "-o", "json"))
    if len(listed) != CREATES + 2:
        raise RuntimeError(f"{len(listed)} unikernels after {CREATES + 2} were created: {answers[-1]!r}")
    yield result("daemon: unikernels created, one client, image in store", CREATES / taken, "/s", 400,
                 f"of {CREATES}; each recorded durably and started before it is answered; "
                 f"the disk's own syncs: {1 / sync_seconds(directory):.0f} /s", at_least=True)


def many_running(directory):
    """What the daemon itself costs while unikernels run and nobody asks it anything."""
    web = build(f"{directory}/web.uk", SOURCE / "examples/http")
    with daemon() as bivy:
        for number in range(MANY):
            bivy("deploy", f"web{number}", web, "--memory", "8", "-p", "0:80")
        with open(f"{bivy.run_directory}/bivyd.pid") as file:
            pid = int(file.read())
        time.sleep(1)
        before = cpu_seconds(pid)
        time.sleep(IDLE_S)
        used = cpu_seconds(pid) - before
        memory = rss_kib(pid) / 1024
    yield result(f"daemon with {MANY} running unikernels, resident memory", memory, "MiB", 64)
    yield result(f"daemon with {MANY} running unikernels, processor while idle", used / IDLE_S * 100, "%", 1,
                 f"of one core, over {IDLE_S} s")


ALL = [image_sizes, process_start, machine_start, exits, idle_memory, machine_memory, deploy_time, create_rate, many_running,
       traffic]

"""Runs end-to-end tests inside a machine of their own: a Debian kernel with real KVM, cgroup v2, taps and bridges.

QEMU emulates an AMD processor with SVM in software, so that kvm-amd gives a genuine /dev/kvm on any host. The
kernel is Debian's, fetched once into a cache as an ordinary user; the root image is made of the files of this
machine that the tests need, and of the build folder. Nothing here needs root.

    machine.py TEST.py...      prints the tests' TAP; what the machine lacks is one skipped test with its reason
"""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
PREFIX = pathlib.Path(os.environ.get("BIVY_PREFIX", SOURCE / "build"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "bivy" / "machine"

MODULES = ["kvm-amd", "virtio_pci", "virtio_blk", "tun", "bridge", "veth"]
PROGRAMS = ["/usr/bin/python3.11", "/bin/busybox", "/bin/bash", "ip", "unshare", "mount"]
PYTHON = ["/usr/lib/python3.11", "/usr/lib/python3/dist-packages"]
BUILT = "/guests"  # images are built here, where the compiler is
PACKAGES = {"pytest", "_pytest", "pluggy", "iniconfig", "attr", "packaging", "py"}


class Lacking(Exception):
    """Something of the host is not there: the tests are skipped and the reason is said."""


def run(*command, **more):
    return subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, **more).stdout


def kernel():
    """The directory with the unpacked Debian kernel, fetched on first use."""
    ready = sorted(CACHE.glob("kernel-*"))
    if ready:
        return ready[-1]
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        try:
            wanted = re.search(r"Depends: (\S+)", run("apt-cache", "depends", "linux-image-cloud-amd64"))
            run("apt-get", "download", "-qq", wanted.group(1), cwd=work)
        except (subprocess.CalledProcessError, AttributeError) as error:
            raise Lacking(f"the kernel package linux-image-cloud-amd64 cannot be fetched ({error})") from error
        run("dpkg-deb", "-x", next(pathlib.Path(work).glob("*.deb")), f"{work}/tree")
        target = CACHE / f"kernel-{wanted.group(1)}"
        os.rename(f"{work}/tree", target)
    return target


def cpio_entry(name, mode, data=b""):
    """One entry of an initramfs, in the `newc` format."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def loading_order(found):
    """The names of MODULES and of all they depend on, each after its dependencies; what is built in is left out."""
    order = []

    def visit(name):
        if name not in found or name in order:
            return
        depends = re.search(rb"\0depends=([^\0]*)\0", found[name].read_bytes())
        for dependency in depends.group(1).decode().split(",") if depends else []:
            visit(dependency.replace("-", "_"))
        order.append(name)

    for name in MODULES:
        visit(name.replace("-", "_"))
    return order


def write_initramfs(path, tree):
    found = {file.stem.replace("-", "_"): file for file in tree.rglob("*.ko")}
    order = loading_order(found)
    parts = [cpio_entry(name, stat.S_IFDIR | 0o755) for name in
             ("bin", "proc", "sys", "dev", "root", "modules")]
    parts.append(cpio_entry("bin/busybox", stat.S_IFREG | 0o755, pathlib.Path("/bin/busybox").read_bytes()))
    parts.append(cpio_entry("init", stat.S_IFREG | 0o755, (SOURCE / "tests/machine/init").read_bytes()))
    parts += [cpio_entry(f"modules/{name}.ko", stat.S_IFREG | 0o644, found[name].read_bytes()) for name in order]
    parts.append(cpio_entry("modules/order", stat.S_IFREG | 0o644, "".join(f"{n}.ko\n" for n in order).encode()))
    parts.append(cpio_entry("TRAILER!!!", 0))
    path.write_bytes(b"".join(parts))


def libraries(program):
    """The shared libraries of a dynamic program, as the dynamic linker finds them."""
    done = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return {match for match in re.findall(r"(/\S+)", done.stdout) if os.path.exists(match)}


def copy(root, path):
    target = root / str(path).lstrip("/")
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.isdir(path):
        shutil.copytree(path, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "test", "idlelib"))
    else:
        shutil.copy2(os.path.realpath(path), target)


def stage(root, tests):
    """Fills ROOT with a small system: Python with pytest, a shell, the build folder, the tests."""
    for name in ("dev", "proc", "sys", "tmp", "run", "etc", "root", "bin", "usr/bin", "lib64"):
        (root / name).mkdir(parents=True, exist_ok=True)
    programs = [shutil.which(p, path="/usr/bin:/bin:/usr/sbin:/sbin") for p in PROGRAMS]
    programs += [p for p in (PREFIX / "bin").glob("*") if p.is_file()]
    extensions = list(pathlib.Path("/usr/lib/python3.11/lib-dynload").glob("*.so"))
    for program in filter(None, programs):
        copy(root, program)
    for program in [p for p in programs if p] + extensions:
        for library in libraries(program):
            copy(root, library)
    copy(root, PYTHON[0])
    for name in sorted(PACKAGES):
        if (pathlib.Path(PYTHON[1]) / name).exists():
            copy(root, f"{PYTHON[1]}/{name}")
    if (PREFIX / "lib").exists():
        copy(root, PREFIX / "lib")
    for name in ("tests", "examples"):
        copy(root, SOURCE / name)
    (root / BUILT[1:]).mkdir()
    run("/usr/bin/python3", SOURCE / "tests/guest_images.py", root / BUILT[1:])
    for name, link in (("usr/bin/python3", "python3.11"), ("bin/sh", "bash"), ("usr/bin/env", "/bin/busybox")):
        if not (root / name).exists():
            (root / name).symlink_to(link)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n")
    files = " ".join(str(SOURCE / "tests" / test) for test in tests)
    script = root / "machine-tests"
    script.write_text("#!/bin/sh\nexport PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/tmp PYTHONDONTWRITEBYTECODE=1\n"
                      f"export BIVY_PREFIX={PREFIX} BIVY_MACHINE=1 BIVY_GUESTS={BUILT}\ncd /tmp\n"
                      f"exec python3 -m pytest -q -p no:cacheprovider {files}\n")
    script.chmod(0o755)


def boot(work, tree):
    vmlinuz = next((tree / "boot").glob("vmlinuz-*"))
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "q35", "-cpu", "max,+svm", "-m", "1536",
               "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio", "-kernel", vmlinuz, "-initrd", work / "initramfs",
               "-drive", f"file={work}/root.img,format=raw,if=virtio,readonly=on",
               "-append", "console=ttyS0 quiet panic=-1 loglevel=3"]
    return subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                            errors="replace")


def relay(machine):
    """Passes on what stands between the machine's begin and end marks; the rest is kept for a failure."""
    inside, ended, before = False, False, []
    for line in machine.stdout:
        line = line.rstrip("\r\n")
        if line.endswith("machine: begin"):  # the firmware leaves escapes in front
            inside = True
        elif line.startswith("machine: end"):
            inside, ended = False, True
        elif inside:
            print(line, flush=True)
        else:
            before.append(line)
    machine.wait()
    if not ended:
        for line in before[-40:]:
            print(f"# {line}")
        print("not ok 1 - the machine ran the tests to their end")
        print("1..1")
    return 0 if ended else 1


def main(tests):
    try:
        for program in ("qemu-system-x86_64", "mke2fs"):
            if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
                raise Lacking(f"{program} is not installed")
        tree = kernel()
    except Lacking as error:
        print(f"1..0 # SKIP {error}")
        return 0
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        stage(work / "root", tests)
        write_initramfs(work / "initramfs", tree)
        size = int(run("du", "-sm", work / "root").split()[0]) * 5 // 4 + 32
        mke2fs = shutil.which("mke2fs", path="/usr/sbin:/sbin:/usr/bin")
        run(mke2fs, "-q", "-t", "ext4", "-d", work / "root", work / "root.img", f"{size}M")
        shutil.rmtree(work / "root")
        return relay(boot(work, tree))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

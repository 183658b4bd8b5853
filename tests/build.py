"""`bivy build`: what it makes of a program, and what it says when it cannot."""

import os
import pathlib
import struct
import subprocess

import pytest

from conftest import BIN, SOURCE, bivy

EXAMPLES = SOURCE / "examples"
COMPILERS = [name for name in ("gcc", "clang") if subprocess.run(["which", name], capture_output=True).returncode == 0]


def build(folder, text, *options, flags=(), **more):
    """Builds a program of one file, with FLAGS for the compiler; the completed process."""
    (folder / "app.c").write_text(text)
    return bivy("build", "-q", "-o", folder / "app.uk", *options, folder / "app.c", "--", *flags, check=False, **more)


def segments(image):
    """The loadable segments of an image: (flags, offset, address, file size, memory size)."""
    data = image.read_bytes()
    start, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    headers = [struct.unpack_from("<IIQQQQQQ", data, start + 56 * i) for i in range(count)]
    return [(h[1], h[2], h[3], h[5], h[6]) for h in headers if h[0] == 1]


def symbols(image):
    return subprocess.run(["nm", image], check=True, capture_output=True, text=True).stdout


def run(image, *arguments, memory=2):
    return subprocess.run([BIN / "bivy-spt", f"--mem={memory}", image, *arguments], capture_output=True, text=True,
                          timeout=20)


@pytest.fixture(scope="module")
def hello(tmp_path_factory):
    image = tmp_path_factory.mktemp("hello") / "hello.uk"
    bivy("build", "-o", image, EXAMPLES / "hello")
    return image


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    image = tmp_path_factory.mktemp("http") / "http.uk"
    bivy("build", "-o", image, EXAMPLES / "http")
    return image


def test_hello_is_small(hello):
    assert hello.stat().st_size <= 32 * 1024


def test_printf_is_small(tmp_path):
    (tmp_path / "app.c").write_text('#include <stdio.h>\nint main(int c, char **v) { printf("%d %s\\n", c, v[0]); }\n')
    bivy("build", "-q", "-o", tmp_path / "app.uk", tmp_path / "app.c")
    assert (tmp_path / "app.uk").stat().st_size <= 48 * 1024


def test_http_is_small(http):
    assert http.stat().st_size <= 160 * 1024


def test_hello_runs_in_two_mebibytes(hello):
    result = run(hello)
    assert (result.returncode, result.stdout) == (0, "Hello, world!\n")


def test_the_host_refuses_to_run_an_image_itself(hello, tmp_path):
    copy = tmp_path / "hello.uk"
    copy.write_bytes(hello.read_bytes())
    copy.chmod(0o755)
    assert subprocess.run(["sh", "-c", str(copy)], capture_output=True).returncode == 127


def test_nothing_is_writable_and_executable(http):
    assert all(flags & 3 != 3 for flags, *_ in segments(http))


def test_text_can_be_mapped_from_the_file(http):
    assert [offset % 4096 == address % 4096 for flags, offset, address, *_ in segments(http)] == [True] * 3


def test_memory_of_zeros_costs_no_bytes_of_the_file(http):
    assert segments(http)[-1][3] == 0 and segments(http)[-1][4] > 0


def test_hello_has_no_network(hello):
    assert "tcp_" not in symbols(hello)


def test_symbols_are_kept_for_backtraces(http):
    assert " T tcp_write" in symbols(http) and " T main" in symbols(http)


def test_two_builds_are_equal(http, tmp_path):
    again = tmp_path / "again.uk"
    bivy("build", "-q", "-o", again, EXAMPLES / "http")
    assert again.read_bytes() == http.read_bytes()


def test_the_sizes_by_component_are_printed(tmp_path):
    result = bivy("build", "-o", tmp_path / "web.uk", EXAMPLES / "http")
    for part in ("your program", "files", "C library", "TCP/IP", "library OS", "bindings", "symbol table"):
        assert part in result.stdout


@pytest.mark.parametrize("compiler", COMPILERS)
def test_each_compiler_builds_a_program_that_runs(compiler, tmp_path):
    result = build(tmp_path, '#include <stdio.h>\nint main(void) { printf("%.3f %s %d\\n", 3.14159, "a", 42); }\n',
                   env=os.environ | {"CC": compiler})
    assert result.returncode == 0, result.stderr
    assert run(tmp_path / "app.uk").stdout == "3.142 a 42\n"


def test_a_missing_call_names_its_line_its_caller_and_a_way_out(tmp_path):
    result = build(tmp_path, "#include <unistd.h>\nstatic int helper(void)\n{\n    return fork();\n}\n"
                             "int main(void) { return helper() + helper(); }\n", flags=["-fno-inline"], cwd=tmp_path)
    assert result.returncode == 1
    assert "app.c:4: error: 'fork' does not exist in a unikernel (called by helper)" in result.stderr
    assert "deploy a second unikernel" in result.stderr
    assert "1 symbol is missing" in result.stderr


def test_every_missing_call_is_named_at_once(tmp_path):
    result = build(tmp_path, "#include <signal.h>\n#include <stdio.h>\n#include <dlfcn.h>\n#include <sys/ptrace.h>\n"
                             "int main(void) { return ptrace(0, 2, 3) + kill(1, 2) + !popen(\"a\", \"r\") + !dlopen(0, 0); }\n")
    for name in ("ptrace", "kill", "popen", "dlopen"):
        assert f"'{name}' does not exist" in result.stderr


def test_a_failed_build_leaves_the_old_image_and_nothing_else(tmp_path):
    assert build(tmp_path, "int main(void) { return 0; }\n").returncode == 0
    before = (tmp_path / "app.uk").read_bytes()
    assert build(tmp_path, "int fork(void);\nint main(void) { return fork(); }\n").returncode == 1
    assert (tmp_path / "app.uk").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["app.c", "app.uk"]


def test_temporary_files_are_removed(tmp_path):
    (tmp_path / "tmp").mkdir()
    build(tmp_path, "int main(void) { return 0; }\n", env=os.environ | {"TMPDIR": str(tmp_path / "tmp")})
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_compilers_error_passes_through(tmp_path):
    result = build(tmp_path, "int main(void) { return 0 }\n")
    assert result.returncode == 1 and "app.c:1" in result.stderr and "expected" in result.stderr


def test_the_hosts_headers_are_out_of_reach(tmp_path):
    result = build(tmp_path, "#include <gnu/libc-version.h>\nint main(void) { return 0; }\n")
    assert result.returncode == 1 and "gnu/libc-version.h" in result.stderr


def test_flags_reach_the_compiler(tmp_path):
    build(tmp_path, "int main(void) { return ANSWER; }\n", flags=["-DANSWER=42"])
    assert run(tmp_path / "app.uk").returncode == 42


MANIFESTS = {
    "not json": "{",
    "an array": "[]",
    "another type": '{"type":"x","version":1,"devices":[]}',
    "another version": '{"type":"solo5.manifest","version":2,"devices":[]}',
    "a version as text": '{"type":"solo5.manifest","version":"1","devices":[]}',
    "an unknown word": '{"type":"solo5.manifest","version":1,"devices":[],"more":1}',
    "a key twice": '{"type":"solo5.manifest","type":"solo5.manifest","version":1,"devices":[]}',
    "a bad name": '{"type":"solo5.manifest","version":1,"devices":[{"name":"a-b","type":"NET_BASIC"}]}',
    "an empty name": '{"type":"solo5.manifest","version":1,"devices":[{"name":"","type":"NET_BASIC"}]}',
    "a long name": '{"type":"solo5.manifest","version":1,"devices":[{"name":"' + "a" * 68 + '","type":"NET_BASIC"}]}',
    "a name with a NUL": '{"type":"solo5.manifest","version":1,"devices":[{"name":"a\\u0000b","type":"NET_BASIC"}]}',
    "a bad type": '{"type":"solo5.manifest","version":1,"devices":[{"name":"a","type":"GPU"}]}',
    "a name twice": '{"type":"solo5.manifest","version":1,"devices":[' +
                    ",".join(['{"name":"a","type":"NET_BASIC"}'] * 2) + "]}",
    "64 devices": '{"type":"solo5.manifest","version":1,"devices":[' +
                  ",".join(f'{{"name":"n{i}","type":"NET_BASIC"}}' for i in range(64)) + "]}",
    "deep nesting": "[" * 5000,
    "too large": " " * 70000,
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_bad_manifest_is_refused_by_name(kind, tmp_path):
    (tmp_path / "m.json").write_text(MANIFESTS[kind])
    result = build(tmp_path, "int main(void) { return 0; }\n", "--manifest", tmp_path / "m.json")
    assert result.returncode == 1
    assert "m.json" in result.stderr and "Sanitizer" not in result.stderr


def test_63_devices_fit(tmp_path):
    devices = [f'{{"name":"n{i}","type":"BLOCK_BASIC"}}' for i in range(63)]
    (tmp_path / "m.json").write_text('{"type":"solo5.manifest","version":1,"devices":[%s]}' % ",".join(devices))
    assert build(tmp_path, "int main(void) { return 0; }\n", "--manifest", tmp_path / "m.json").returncode == 0


def test_files_are_in_the_image_by_their_paths(tmp_path):
    root = tmp_path / "site/root"
    (root / "deep er/ü").mkdir(parents=True)
    (root / 'deep er/ü/quo"te\\n').write_bytes(bytes(range(256)) * 20)
    (root / "empty").touch()
    (tmp_path / "site/main.c").write_text(r'''
#include <bivy/files.h>
#include <stdio.h>
int main(void)
{
    for (size_t i = 0; i < files_count(); i++) {
        const struct files_entry *file = files_at(i);
        unsigned sum = 0;
        for (size_t j = 0; j < file->size_bytes; j++)
            sum = sum * 31 + file->data[j];
        printf("%s %llu %u\n", file->path, (unsigned long long)file->size_bytes, sum);
    }
}''')
    bivy("build", "-q", "-o", tmp_path / "site.uk", tmp_path / "site")
    total = 0
    for byte in bytes(range(256)) * 20:
        total = (total * 31 + byte) % 2 ** 32
    assert run(tmp_path / "site.uk").stdout == f'deep er/ü/quo"te\\n 5120 {total}\nempty 0 0\n'


def test_a_symbolic_link_among_the_files_is_refused(tmp_path):
    (tmp_path / "site/root").mkdir(parents=True)
    (tmp_path / "site/main.c").write_text("int main(void) { return 0; }\n")
    (tmp_path / "site/root/passwd").symlink_to("/etc/passwd")
    result = bivy("build", tmp_path / "site", check=False, cwd=tmp_path)
    assert result.returncode == 1 and "passwd" in result.stderr and "hint:" in result.stderr


def test_a_folder_without_sources_says_so(tmp_path):
    result = bivy("build", tmp_path, check=False)
    assert result.returncode == 1 and "no .c file" in result.stderr


def test_no_operand_is_a_usage_error():
    assert bivy("build", check=False).returncode == 2


def test_arguments_reach_main(tmp_path):
    build(tmp_path, '#include <stdio.h>\nint main(int c, char **v) { for (int i = 0; i < c; i++) puts(v[i]); }\n')
    assert run(tmp_path / "app.uk", "--name=me", "a", "--ipv4=10.0.0.1/8", "b").stdout == "me\na\nb\n"


def test_a_stack_overrun_ends_with_255(tmp_path):
    build(tmp_path, '#include <string.h>\n__attribute__((noinline)) static void f(volatile char *p, int n)\n'
                    '{ for (int i = 0; i < n; i++) p[i] = 1; }\n'
                    'int main(int c, char **v) { char b[16]; f(b, 64 * c); return b[0]; }\n', flags=["-O1"])
    assert run(tmp_path / "app.uk").returncode == 255


def test_a_double_free_ends_with_255(tmp_path):
    build(tmp_path, '#include <stdlib.h>\nint main(void) { char *volatile p = malloc(50), *volatile q = malloc(50);'
                    ' free(p); free(p); return !q; }\n', flags=["-Wno-use-after-free"])
    result = run(tmp_path / "app.uk")
    assert result.returncode == 255 and "heap" in result.stdout


def test_the_exit_status_of_main_and_what_it_buffered_arrive(tmp_path):
    build(tmp_path, '#include <stdio.h>\nint main(void) { printf("no newline"); return 7; }\n')
    result = run(tmp_path / "app.uk")
    assert (result.returncode, result.stdout) == (7, "no newline")


def test_thread_local_variables_work(tmp_path):
    build(tmp_path, '#include <stdio.h>\n_Thread_local int a = 5; static _Thread_local long b; _Thread_local char c[3] = '
                    '"xy"; int main(void) { b += a; printf("%d %ld %s\\n", a, b, c); }\n')
    assert run(tmp_path / "app.uk").stdout == "5 5 xy\n"


def test_constructors_run_and_atexit_functions_too(tmp_path):
    build(tmp_path, '#include <stdio.h>\n#include <stdlib.h>\nstatic void end(void) { puts("end"); }\n'
                    '__attribute__((constructor)) static void begin(void) { puts("begin"); atexit(end); }\n'
                    'int main(void) { puts("main"); }\n')
    assert run(tmp_path / "app.uk").stdout == "begin\nmain\nend\n"


def test_a_bare_solo5_program_has_no_c_library(tmp_path):
    build(tmp_path, '#include <solo5.h>\nint solo5_app_main(const struct solo5_start_info *i)\n'
                    '{ solo5_console_write(i->cmdline, 2); return 3; }\n')
    result = run(tmp_path / "app.uk", "--solo5:quiet", "hi")
    assert (result.returncode, result.stdout) == (3, "hi")
    assert "malloc" not in symbols(tmp_path / "app.uk")


def test_the_banner_comes_only_when_asked_for(hello):
    assert run(hello, "--solo5:info").stdout == "bivy: process target\nHello, world!\n"


def test_inspect_reads_what_build_wrote(http):
    import json
    facts = json.loads(bivy("inspect", "-o", "json", http).stdout)
    assert facts["devices"] == [{"name": "service", "type": "net"}]
    assert "--ipv4" in facts["arguments"]
    assert {"bivy ISC", "lwip BSD-3-Clause", "musl MIT"} <= {
        entry if isinstance(entry, str) else f"{entry['component']} {entry['license']}" for entry in facts["licenses"]}

"""`bivy cc` and `bivy env`: the same small project through Make, CMake and Meson becomes an image each time."""

import os
import shutil
import subprocess

import pytest

from conftest import BIN, bivy

MAIN = '#include <math.h>\n#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d %.1f\\n", answer(), sqrt(49.0)); }\n'
PART = "int answer(void) { return ANSWER; }\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "part.c").write_text(PART)
    return tmp_path


def run(*words, cwd, **more):
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"} | more
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start(image):
    return subprocess.run([BIN / "bivy", "run", image], capture_output=True, text=True, timeout=30).stdout


def test_make(project):
    (project / "Makefile").write_text("CFLAGS = -DANSWER=42 -fPIC\nLDLIBS = -lm -lpthread\nprogram: main.o libpart.a\n"
                                      "\t$(CC) $(CFLAGS) -o $@ main.o -L. -lpart $(LDLIBS)\nlibpart.a: part.o\n\tar rcs $@ part.o\n")
    run("make", "CC=bivy-cc", cwd=project)
    assert start(project / "program") == "42 7.0\n"


def test_cmake(project):
    if not shutil.which("cmake"):
        pytest.skip("cmake is not here")
    (project / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(small C)\nfind_package(Threads REQUIRED)\nadd_library(part part.c)\n"
        "target_compile_definitions(part PRIVATE ANSWER=43)\nadd_executable(program main.c)\n"
        "target_link_libraries(program part m Threads::Threads)\n")
    toolchain = bivy("env", "--cmake").stdout.strip()
    run("cmake", "-B", "out", f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", cwd=project)
    run("cmake", "--build", "out", cwd=project)
    assert start(project / "out/program") == "43 7.0\n"


def test_meson(project):
    (project / "meson.build").write_text(
        "project('small', 'c')\npart = static_library('part', 'part.c', c_args: '-DANSWER=44')\n"
        "executable('program', 'main.c', link_with: part, dependencies: meson.get_compiler('c').find_library('m'))\n")
    run("meson", "setup", "--cross-file", bivy("env", "--meson").stdout.strip(), "out", cwd=project)
    run("ninja", "-C", "out", cwd=project)
    assert start(project / "out/program") == "44 7.0\n"


def test_the_environment_brings_manifest_and_files(project):
    (project / "root").mkdir()
    (project / "root/greeting").write_text("from a file\n")
    (project / "cat.c").write_text('#include <stdio.h>\nint main(void) { char t[20] = ""; fgets(t, 20, fopen("/greeting", "r")); fputs(t, stdout); }\n')
    (project / "m.json").write_text('{"type": "solo5.manifest", "version": 1, "devices": [{"name": "disk", "type": "BLOCK_BASIC"}]}')
    run("bivy-cc", "-o", "cat", "cat.c", cwd=project, BIVY_ROOT="root", BIVY_MANIFEST="m.json")
    assert '"disk"' in bivy("inspect", "-o", "json", project / "cat").stdout
    run("bivy-cc", "-o", "cat", "cat.c", cwd=project, BIVY_ROOT="root")
    assert start(project / "cat") == "from a file\n"


def test_what_a_configure_script_asks(project):
    assert "gcc" in run("bivy-cc", "--version", cwd=project).lower() or "clang" in run("bivy-cc", "--version", cwd=project)
    (project / "conftest.c").write_text("int fork(void);\nint main(void) { return fork(); }\n")
    assert bivy("cc", "-o", "conftest", "conftest.c", cwd=project, check=False).returncode == 1
    assert "__bivy__" in run("sh", "-c", "echo | bivy-cc -dM -E -", cwd=project)


def test_a_shared_library_is_refused(project):
    done = bivy("cc", "-shared", "-o", "libpart.so", "part.c", cwd=project, check=False)
    assert done.returncode == 1 and "static library" in done.stderr

"""The command line as a whole: help, suggestions, completion, `new`, `inspect`, `doctor`."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import BIN, PREFIX, bivy


def commands():
    """The names of all commands, from the overview."""
    return re.findall(r"^  (\w+(?: \w+)?)  +\w", bivy("help").stdout, re.M)


def test_version():
    assert re.fullmatch(r"bivy \d+\.\d+\.\d+\n", bivy("--version").stdout)


def test_every_command_has_help_with_an_example():
    names = commands()
    assert {"new", "build", "run", "inspect", "up", "down", "deploy", "ps", "policy set"} <= set(names)
    for name in names:
        text = bivy(*name.split(), "--help").stdout
        assert text.startswith(f"bivy {name}: ")
        assert "\nexample:\n  " in text


def test_help_of_a_command_is_its_help_option():
    assert bivy("help", "policy", "set").stdout == bivy("policy", "set", "--help").stdout


def test_an_unknown_command_suggests_the_nearest():
    result = bivy("deplyo", check=False)
    assert result.returncode == 2
    assert result.stderr == "bivy: find command: deplyo: no such command\nhint: did you mean 'bivy deploy'?\n"


def test_half_a_command_lists_the_other_half():
    result = bivy("policy", check=False)
    assert result.returncode == 2
    assert "hint: bivy policy set" in result.stderr


def test_no_command_is_a_usage_error():
    result = bivy(check=False)
    assert result.returncode == 2
    assert "usage: bivy COMMAND" in result.stderr


def test_too_few_and_too_many_words():
    assert bivy("inspect", check=False).returncode == 2
    assert bivy("inspect", "a", "b", check=False).returncode == 2


def test_a_full_disk_is_an_error():
    with open("/dev/full", "w") as full:
        result = subprocess.run([BIN / "bivy", "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert "standard output" in result.stderr


def test_no_colour_where_there_is_no_terminal():
    assert "\x1b" not in bivy("doctor", check=False).stdout


@pytest.mark.parametrize("words, expected", [
    ("bivy pol", {"policy"}),
    ("bivy policy s", {"set"}),
    ("bivy run --as p", {"process"}),
    ("bivy inspect --lic", {"--licenses"}),
])
def test_bash_completes(words, expected):
    script = f"""
        source {PREFIX}/share/bash-completion/completions/bivy.bash
        COMP_WORDS=({words}) COMP_CWORD=$(({len(words.split())} - 1))
        _bivy_words
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine")
    script = bivy("completion", shell).stdout
    subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_the_manual_names_every_command():
    manual = (PREFIX / "share/man/man1/bivy.1").read_text()
    for name in commands():
        assert f'.SS "bivy {name}"' in manual


def test_new_refuses_what_is_there(tmp_path):
    (tmp_path / "web").mkdir()
    result = bivy("new", "web", cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("bivy: make project: web: File exists\nhint: ")
    assert list((tmp_path / "web").iterdir()) == []


def test_inspect_json(server_image):
    data = json.loads(bivy("inspect", "-o", "json", server_image).stdout)
    assert set(data) == {"digest", "size_bytes", "targets", "devices", "segments", "min_memory_bytes", "arguments",
                         "licenses"}
    assert data["digest"] == "sha256:" + subprocess.run(["sha256sum", server_image], capture_output=True, text=True,
                                                        check=True).stdout.split()[0]
    assert data["size_bytes"] == server_image.stat().st_size
    assert data["devices"] == [{"name": "service", "type": "net"}]
    assert "spt" in data["targets"]
    assert "--ipv4" in data["arguments"]
    assert {"component": "lwip", "license": "BSD-3-Clause"} in data["licenses"]
    assert all(set(s) == {"address", "file_bytes", "memory_bytes", "flags"} for s in data["segments"])


def test_inspect_for_people(server_image):
    text = bivy("inspect", server_image).stdout
    assert re.search(r"^devices +service \(net\)$", text, re.M)
    assert re.search(r"^memory +at least \d", text, re.M)


def test_inspect_licenses(server_image):
    assert "lwip BSD-3-Clause\n" in bivy("inspect", "--licenses", server_image).stdout


def test_inspect_refuses_what_is_no_image():
    result = bivy("inspect", "/bin/true", check=False)
    assert result.returncode == 1
    assert "/bin/true" in result.stderr


def test_doctor_json(tmp_path):
    result = bivy("doctor", "-o", "json", "--run-dir", tmp_path / "run", check=False)
    data = json.loads(result.stdout)
    assert {"kernel", "seccomp", "low_memory", "kvm", "cgroups", "tun", "user_namespaces"} <= {c["name"] for c in data}
    for check in data:
        assert set(check) == {"name", "verdict", "found", "purpose", "fix"}
        assert check["verdict"] in ("ok", "optional", "missing")
        assert (check["fix"] is None) == (check["verdict"] == "ok")
    assert result.returncode == (1 if any(c["verdict"] == "missing" for c in data) else 0)


def test_commands_of_the_daemon_say_that_there_is_none(tmp_path):
    for words in (["ps"], ["show", "x"], ["logs", "x"], ["events"], ["stop", "x"], ["image", "ls"], ["policy", "ls"]):
        result = bivy(*words, "--run-dir", tmp_path / "run", check=False)
        assert result.returncode == 1
        assert "no daemon is running\nhint: bivy up\n" in result.stderr

"""Programs that others wrote, unchanged: Lua and SQLite from Debian's sources, built by bivy-cc and run as unikernels.

`make test-full` runs this; scripts/setup full fetches the sources.
"""

import os
import pathlib
import subprocess

import pytest

PREFIX = pathlib.Path(os.environ["BIVY_PREFIX"])
SOURCES = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "bivy/sources"
CC = PREFIX / "bin/bivy-cc"


def source(name):
    if not (SOURCES / name / ".complete").exists():
        pytest.skip(f"the source of {name} is not here: scripts/setup full")
    return SOURCES / name


def compile_to(image, *words, **environment):
    subprocess.run([CC, "-w", "-o", image, *map(str, words)], check=True, timeout=600, env=os.environ | environment)


def run(image, *words, memory=32, way="process"):
    return subprocess.run([PREFIX / "bin/bivy", "run", "--as", way, "-m", str(memory), image, "--", *words], capture_output=True,
                          text=True, timeout=120)


LUA = r'''
local t = {}
for i = 1, 1000 do t[#t + 1] = string.format("%d:%s", i, ("x"):rep(i % 10)) end
print(#table.concat(t), math.pi, _VERSION)
print(pcall(function() error({code = 7}) end))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(co(), co(), co())
local f = assert(io.open("/tmp/out", "w")); f:write("a\nb\nc\n"); f:close()
local n = 0; for line in io.lines("/tmp/out") do n = n + 1 end
print(n, os.rename("/tmp/out", "/tmp/other"), io.open("/tmp/out"))
local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
print(deep(10000), select("#", string.byte(("y"):rep(200), 1, -1)))
print(pcall(string.rep, "x", 1 << 40))
print(os.time{year=2024, month=2, day=29, hour=12}, os.date("!%F", 0))
local function sieve(n)
  local c, r = {}, 0
  for i = 2, n do if not c[i] then r = r + 1; for j = i * i, n, i do c[j] = true end end end
  return r
end
print(sieve(100000))
'''


def test_lua(tmp_path):
    lua = source("lua5.4") / "src"
    files = [f for f in sorted(lua.glob("*.c")) if f.name != "luac.c"]
    (tmp_path / "root").mkdir()
    (tmp_path / "root/test.lua").write_text(LUA)
    # LUA_USE_IOS is Lua's own word for a system without system().
    compile_to(tmp_path / "lua.uk", "-O2", "-DLUA_USE_IOS", "-I", lua, *files, "-lm", BIVY_ROOT=str(tmp_path / "root"))
    done = run(tmp_path / "lua.uk", "/test.lua")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "8393\t3.1415926535898\tLua 5.4"
    assert lines[2] == "1\t4\t9"
    assert lines[3] == "3\ttrue\tnil\t/tmp/out: No such file or directory\t2"
    assert lines[4] == "10000\t200"
    assert lines[5].startswith("false\t")
    assert lines[6] == "1709208000\t1970-01-01"
    assert lines[7] == "9592"


SQL = """
create table t(id integer primary key, name text, value real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) insert into t select i, 'name' || i, i * 0.5 from n;
create index by_name on t(name);
select count(*), sum(value), max(name) from t;
begin; delete from t where id > 100; rollback;
select count(*) from t;
begin; update t set value = 1; commit;
select sum(value) from t where name like 'name1%';
pragma integrity_check;
vacuum;
pragma journal_mode;
select strftime('%Y', 0, 'unixepoch'), json_extract('{"a": [1, 2]}', '$.a[1]');
"""


def sqlite_amalgamation(folder):
    """Debian's source is not the amalgamation: its own script makes it."""
    tree = source("sqlite3")
    subprocess.run(["cp", "-r", tree, folder / "tree"], check=True)
    subprocess.run(["./configure", "--quiet"], cwd=folder / "tree", check=True, capture_output=True, timeout=300)
    subprocess.run(["make", "-s", "sqlite3.c", "shell.c"], cwd=folder / "tree", check=True, capture_output=True, timeout=300)
    return folder / "tree"


@pytest.mark.parametrize("way", ["process", "vm"])
def test_sqlite(tmp_path, way):
    if way == "vm" and not os.access("/dev/kvm", os.W_OK):
        pytest.skip("/dev/kvm is not for this user")
    tree = sqlite_amalgamation(tmp_path)
    (tmp_path / "root").mkdir()
    (tmp_path / "root/test.sql").write_text(SQL)
    compile_to(tmp_path / "sqlite.uk", "-O2", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_NOHAVE_SYSTEM", "-DSQLITE_OMIT_POPEN",
               "-DSQLITE_THREADSAFE=1", "-I", tree, tree / "sqlite3.c", tree / "shell.c", "-lpthread", "-lm",
               BIVY_ROOT=str(tmp_path / "root"))
    done = run(tmp_path / "sqlite.uk", "/tmp/test.db", "'.read /test.sql'", memory=64, way=way)
    text = "".join(line for line in done.stdout.splitlines(True) if not line.startswith("-- warning"))
    assert text.split() == ["5000|6251250.0|name999", "5000", "1111.0", "ok", "delete", "1970|2"], done.stdout + done.stderr

"""The compiler of the ASN.1 modules refuses what the codec could not read back, and names what it makes as it says."""

import subprocess
import sys

import pytest

from conftest import SOURCE

GENERATE = SOURCE / "wire" / "generate.py"


def compile_modules(tmp_path, *bodies):
    """Compiles modules M0, M1, ... of these bodies; returns the process and the header's text."""
    paths = []
    for number, body in enumerate(bodies):
        path = tmp_path / f"m{number}.asn1"
        path.write_text(f"M{number} DEFINITIONS EXPLICIT TAGS ::= BEGIN {body} END", encoding="utf-8")
        paths.append(path)
    header = tmp_path / "out.h"
    done = subprocess.run([sys.executable, GENERATE, header, tmp_path / "out.c", *paths], text=True,
                          capture_output=True, check=False)
    return done, header.read_text(encoding="utf-8") if header.exists() else ""


@pytest.mark.parametrize("body, why", [
    ("A ::= SEQUENCE { a INTEGER OPTIONAL, b INTEGER }", "its tag is taken"),
    ("A ::= SEQUENCE { a INTEGER OPTIONAL, b BOOLEAN OPTIONAL, c INTEGER }", "its tag is taken"),
    ("A ::= CHOICE { a [0] NULL, b [0] INTEGER }", "its tag is taken"),
    ("A ::= SEQUENCE { a B OPTIONAL, c [1] NULL } B ::= CHOICE { x [0] NULL, y [1] NULL }", "its tag is taken"),
    ("A ::= SEQUENCE { a SEQUENCE OF A }", "contains itself"),
    ("A ::= SEQUENCE { a [0] IMPLICIT INTEGER }", "IMPLICIT"),
    ("A ::= SEQUENCE { a B }", "neither defined nor imported"),
    ("A ::= NULL A ::= NULL", "defined twice"),
    ("A ::= CHOICE { a INTEGER OPTIONAL }", "no OPTIONAL in a CHOICE"),
    ("A ::= SEQUENCE { a REAL }", "neither defined nor imported"),
    ("A ::= SEQUENCE { a @ INTEGER }", "does not know"),
    ("A ::= SEQUENCE { a INTEGER", "expected"),
    ("FooBar ::= SEQUENCE { a INTEGER } Foo-Bar ::= SEQUENCE { b INTEGER }", "two types would get this name"),
    ("A ::= CHOICE { b-c [0] NULL, d [1] NULL } A-B ::= CHOICE { c [0] NULL }", "two enumerators"),
])
def test_a_module_that_cannot_be_is_refused(tmp_path, body, why):
    done, header = compile_modules(tmp_path, body)
    assert done.returncode == 1
    assert why in done.stderr
    assert header == ""


def test_an_import_must_be_defined_where_it_is_said_to_be(tmp_path):
    done, _ = compile_modules(tmp_path, "IMPORTS B FROM M1; A ::= SEQUENCE { b B }", "C ::= NULL")
    assert done.returncode == 1
    assert "B is imported from M1" in done.stderr


def test_what_is_not_imported_is_not_seen(tmp_path):
    done, _ = compile_modules(tmp_path, "A ::= SEQUENCE { b B }", "B ::= SEQUENCE { c INTEGER }")
    assert done.returncode == 1


def test_names_follow_the_rule(tmp_path):
    done, header = compile_modules(tmp_path, """
        FooBar ::= CHOICE { first-one [0] NULL, second [64] SEQUENCE { default INTEGER, z UTF8String OPTIONAL } }
        Color ::= INTEGER { red (1), deep-blue (2) }
        All ::= SEQUENCE { colors SEQUENCE OF Color, bars SET OF FooBar }""")
    assert done.returncode == 0, done.stderr
    for line in ("struct wire_foo_bar {", "enum wire_foo_bar_kind {", "WIRE_FOO_BAR_FIRST_ONE = 1,",
                 "struct wire_foo_bar_second second;", "int64_t default_;", "bool has_z;", "WIRE_COLOR_DEEP_BLUE = 2,",
                 "struct wire_integer_list colors;", "struct wire_foo_bar_list bars;",
                 "extern const struct wire_type wire_type_all;"):
        assert line in header


def test_comments_end_as_in_asn_1(tmp_path):
    done, header = compile_modules(tmp_path, "A ::= SEQUENCE { a -- short -- INTEGER, -- to the end\n b BOOLEAN }")
    assert done.returncode == 0, done.stderr
    assert "int64_t a;" in header and "bool b;" in header

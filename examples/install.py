#!/usr/bin/python3
"""Builds the demo into the prefix that Meson is installing to, with the bivy that was just installed there."""

import os
import pathlib
import subprocess

prefix = pathlib.Path(os.environ["MESON_INSTALL_DESTDIR_PREFIX"])
source = pathlib.Path(__file__).resolve().parent
demo = prefix / "lib/bivy/demo"
demo.mkdir(parents=True, exist_ok=True)
for name, example in (("web", "http"), ("hello", "hello")):
    subprocess.run([prefix / "bin/bivy", "build", "--quiet", "-o", demo / f"{name}.uk", source / example], check=True)

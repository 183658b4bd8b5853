#!/usr/bin/python3
"""Prints which sources of musl go into the guest's C library: sources.py MUSL-SOURCE plain|locale

"locale" are those that ask for the current locale (overlay.h). What needs an operating system is left out, so that
a program that calls it is told when it is linked.
"""

import pathlib
import sys

# Whole folders, less what they hold that needs more than memory.
FOLDERS = {
    "ctype": {"__ctype_get_mb_cur_max", "isalpha_l"},
    "string": set(),
    "stdlib": set(),
    "prng": {"random"},
    "math": set(),
}
FILES = """
internal/floatscan internal/intscan internal/shgetc exit/exit exit/atexit exit/at_quick_exit exit/quick_exit
stdio/__overflow stdio/__towrite stdio/__toread stdio/__uflow stdio/__stdio_exit stdio/ofl stdio/stdout stdio/stderr
stdio/fwrite stdio/fputs stdio/fputc stdio/putc stdio/putchar stdio/puts stdio/fflush stdio/ferror stdio/clearerr
stdio/fprintf stdio/printf stdio/vprintf stdio/vfprintf stdio/snprintf stdio/vsnprintf stdio/sprintf stdio/vsprintf
stdio/asprintf stdio/vasprintf stdio/sscanf stdio/vsscanf stdio/vfscanf stdio/setvbuf stdio/perror stdio/fileno
stdio/ungetc stdio/putc_unlocked stdio/putchar_unlocked stdio/ext
time/__secs_to_tm time/__tm_to_secs time/__year_to_secs time/__month_to_secs time/gmtime time/gmtime_r time/timegm
time/asctime time/asctime_r time/difftime
misc/getopt misc/getopt_long misc/basename misc/dirname misc/ffs misc/ffsl misc/ffsll
search/hsearch search/insque search/lsearch search/tdelete search/tdestroy search/tfind search/tsearch search/twalk
locale/c_locale locale/__lctrans env/__environ env/getenv
setjmp/x86_64/setjmp setjmp/x86_64/longjmp fenv/x86_64/fenv fenv/fegetexceptflag fenv/fesetexceptflag fenv/fesetround fenv/feholdexcept fenv/feupdateenv
""".split()
LOCALE_FOLDERS = ["multibyte"]
LOCALE_FILES = """
errno/strerror string/strerror_r locale/strcoll locale/strxfrm locale/langinfo locale/strtod_l time/strftime
ctype/__ctype_get_mb_cur_max
""".split()


def folder(source, name, without):
    """The sources of a folder; one that the processor has its own version of is replaced by that."""
    chosen = {p.stem: p for p in sorted((source / "src" / name).glob("*.c"))}
    special = source / "src" / name / "x86_64"
    chosen |= {p.stem: p for p in sorted(special.glob("*")) if p.suffix in (".c", ".s", ".S")}
    return [p for stem, p in sorted(chosen.items()) if stem not in without]


def named(source, name):
    for suffix in (".c", ".s", ".S"):
        path = source / "src" / (name + suffix)
        if path.exists():
            return path
    sys.exit(f"sources.py: {name}: no such source in {source}")


def main():
    source, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
    locale = [named(source, name) for name in LOCALE_FILES if (source / "src" / (name + ".c")).exists()]
    for name in LOCALE_FOLDERS:
        locale += folder(source, name, set())
    plain = [named(source, name) for name in FILES]
    for name, without in FOLDERS.items():
        plain += folder(source, name, without)
    chosen = locale if kind == "locale" else [p for p in plain if p not in locale]
    print("\n".join(map(str, dict.fromkeys(chosen))))


main()

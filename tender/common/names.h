/* names.h: by which name the tender was called. Scripts for Solo5 match texts that begin with it. */
#ifndef TENDER_COMMON_NAMES_H
#define TENDER_COMMON_NAMES_H

/* "solo5-hvt" or "solo5-spt" if the last part of PATH (argv[0], may be NULL) is that, else OWN. */
const char *names_program(const char *path, const char *own);

/* Prints what --version says of PROGRAM, and USAGE behind its first line, on standard error. */
void names_print_version(const char *program);
void names_print_usage(const char *program, const char *usage);

#endif

/*
 * boot.h: what a unikernel was told when it was started.
 *
 * Boot arguments are one line. It is split at white space; '...' keeps everything, "..." keeps white
 * space, and a backslash outside '...' keeps the character behind it. The arguments listed here are
 * taken by the library OS, in the form --name=VALUE, wherever they stand before a "--"; the last one of
 * a name counts. Everything else becomes main()'s argv[1..], the "--" excepted; argv[0] is the
 * unikernel's name.
 */
#ifndef BIVY_BOOT_H
#define BIVY_BOOT_H

enum boot_option {
    BOOT_NAME,         /* --name=NAME */
    BOOT_IPV4,         /* --ipv4=A.B.C.D/N */
    BOOT_IPV4_GATEWAY, /* --ipv4-gateway=A.B.C.D */
    BOOT_IPV6,         /* --ipv6=X/N */
    BOOT_DNS,          /* --dns=A.B.C.D */
    BOOT_LOG,          /* --log=quiet|error|warn|info|debug: how much the library OS says of itself */
    BOOT_OPTION_COUNT
};

/* The value of OPTION, which lives as long as the program, or NULL if it was not given. */
const char *boot_option(enum boot_option option);

#endif

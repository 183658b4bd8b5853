/* daemon.c: reaching the daemon, and the images in its store; see daemon.h. */
#include "daemon.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host/error.h"
#include "output.h"

#define DIGEST_DIGITS 64
#define PREFIX_LEAST  6

const char *daemon_run_directory(const char *given)
{
    const char *environment = getenv("BIVY_RUN_DIR");
    if (given != NULL)
        return given;
    return environment != NULL && environment[0] != '\0' ? environment : NULL;
}

struct client *daemon_open(const char *given_run_directory, struct error *err)
{
    return client_open(daemon_run_directory(given_run_directory), err);
}

/* The hexadecimal digits of TEXT, small; 0 or -EINVAL. */
static int read_digits(const char *text, char digits[static DIGEST_DIGITS + 1])
{
    size_t size = strlen(text);
    if (size < PREFIX_LEAST || size > DIGEST_DIGITS)
        return -EINVAL;
    for (size_t i = 0; i < size; i++) {
        if (!isxdigit((unsigned char)text[i]))
            return -EINVAL;
        digits[i] = (char)tolower((unsigned char)text[i]);
    }
    digits[size] = '\0';
    return 0;
}

int daemon_find_image(struct client *client, const char *text, uint8_t digest[static 32], struct error *err)
{
    char digits[DIGEST_DIGITS + 1];
    char whole[DIGEST_DIGITS + 1];
    struct wire_arena arena = {.limit = 0};
    struct wire_image_info_list images;
    size_t found = 0;
    if (read_digits(strncmp(text, "sha256:", 7) == 0 ? text + 7 : text, digits) < 0)
        return error_set(err, EINVAL, "find image", text, "neither a file nor a digest (%d digits or more)",
                         PREFIX_LEAST);
    int result = client_images(client, &arena, &images, err);
    for (size_t i = 0; result == 0 && i < images.count; i++) {
        const struct wire_bytes *bytes = &images.items[i].digest;
        output_hex(whole, bytes->data, bytes->size);
        if (strncmp(whole, digits, strlen(digits)) != 0)
            continue;
        memcpy(digest, bytes->data, 32);
        found++;
    }
    wire_arena_free(&arena);
    if (result < 0 || found == 1)
        return result;
    if (found > 1)
        return error_set(err, ENOTUNIQ, "find image", text, "%zu images of the store begin so", found);
    error_set(err, ENOENT, "find image", text, "no file, and no image of the store");
    error_hint(err, "'bivy image ls' lists the store");
    return -ENOENT;
}

int daemon_each(const struct command_call *call, const char *given_run_directory, daemon_function *function,
                const char *done, struct error *err)
{
    cleanup_client struct client *client = daemon_open(given_run_directory, err);
    int status = COMMAND_DONE;
    if (client == NULL)
        return COMMAND_FAILED;
    for (int i = 0; i < call->count; i++) {
        struct error failure = {.code = 0};
        if (function(client, call->operands[i], &failure) == 0) {
            printf("%s: %s\n", call->operands[i], done);
            continue;
        }
        error_print(&failure, "bivy");
        status = COMMAND_FAILED;
    }
    return status;
}

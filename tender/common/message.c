/* message.c: see message.h. */
#include "tender/common/message.h"

#include <errno.h>

#include "tender/common/system.h"

/* The failures that opening, mapping and attaching can meet; others are shown by number. */
static const struct {
    int code;
    const char *meaning;
} meanings[] = {
    {EPERM, "Operation not permitted"},
    {ENOENT, "No such file or directory"},
    {EIO, "Input/output error"},
    {ENXIO, "No such device or address"},
    {EBADF, "Bad file descriptor"},
    {ENOMEM, "Cannot allocate memory"},
    {EACCES, "Permission denied"},
    {EBUSY, "Device or resource busy"},
    {EEXIST, "File exists"},
    {ENODEV, "No such device"},
    {ENOTDIR, "Not a directory"},
    {EISDIR, "Is a directory"},
    {EINVAL, "Invalid argument"},
    {ENFILE, "Too many open files in system"},
    {EMFILE, "Too many open files"},
    {ENOTTY, "Inappropriate ioctl for device"},
    {ETXTBSY, "Text file busy"},
    {ESPIPE, "Illegal seek"},
    {EROFS, "Read-only file system"},
    {ENAMETOOLONG, "File name too long"},
    {ENOSYS, "Function not implemented"},
    {ELOOP, "Too many levels of symbolic links"},
    {EOVERFLOW, "Value too large for defined data type"},
    {EOPNOTSUPP, "Operation not supported"},
    {ENETDOWN, "Network is down"},
};

void message_begin(struct message *message, const char *text)
{
    message->size = 0;
    message->text[0] = '\0';
    message_add(message, text);
}

void message_add_part(struct message *message, const char *text, size_t size)
{
    for (size_t i = 0; i < size && message->size < sizeof message->text - 1; i++)
        message->text[message->size++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    message->text[message->size] = '\0';
}

void message_add(struct message *message, const char *text)
{
    message_add_part(message, text, __builtin_strlen(text));
}

static void add_digits(struct message *message, uint64_t number, unsigned base)
{
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    message_add_part(message, digits + first, sizeof digits - first);
}

void message_add_number(struct message *message, uint64_t number)
{
    add_digits(message, number, 10);
}

void message_add_hex(struct message *message, uint64_t number)
{
    add_digits(message, number, 16);
}

void message_add_errno(struct message *message, int code)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == code) {
            message_add(message, meanings[i].meaning);
            return;
        }
    message_add(message, "error ");
    message_add_number(message, (uint64_t)code);
}

int message_fail(struct message *message, int result, const char *what, const char *which)
{
    message_begin(message, what);
    message_add(message, ": ");
    message_add(message, which);
    message_add(message, ": ");
    message_add_errno(message, -result);
    return result;
}

int message_say(struct message *message, int result, const char *text, const char *which, const char *end)
{
    message_begin(message, text);
    message_add(message, which);
    message_add(message, end);
    return result;
}

/* One write, so that lines of several tenders do not mix. */
void message_print(const struct message *message, const char *program)
{
    char line[sizeof message->text + 64];
    size_t size = __builtin_strlen(program);
    if (size > 60)
        size = 60;
    __builtin_memcpy(line, program, size);
    line[size++] = ':';
    line[size++] = ' ';
    __builtin_memcpy(line + size, message->text, message->size);
    size += message->size;
    line[size++] = '\n';
    system_write(2, line, size);
}

/* files.c: looking up the files of bivy/files.h; the table itself is made by `bivy build`. */
#include <bivy/files.h>
#include <string.h>

extern const struct files_entry bivy_files[];
extern const uint64_t bivy_files_count;

/* Orders PATH (LENGTH bytes, which may hold a NUL) against a table's path as strcmp() would. */
static int path_compare(const char *path, size_t length, const char *other)
{
    size_t size = strlen(other);
    int order = memcmp(path, other, length < size ? length : size);

    return order != 0 ? order : (length > size) - (length < size);
}

const struct files_entry *files_find(const char *path, size_t length)
{
    size_t low = 0, high = bivy_files_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = path_compare(path, length, bivy_files[middle].path);
        if (order == 0)
            return &bivy_files[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t files_count(void)
{
    return bivy_files_count;
}

const struct files_entry *files_at(size_t index)
{
    return &bivy_files[index];
}

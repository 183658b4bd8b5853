/* Paths, the mount table and the file system in memory, on the host. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libos/kernel/sched.h"
#include "libos/posix/vfs.h"

static uint64_t wall;

solo5_time_t solo5_clock_wall(void)
{
    return ++wall;
}

struct file console_file;

/* What the scheduler would need, if anything here waited. */
solo5_time_t solo5_clock_monotonic(void)
{
    return 0;
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready)
{
    (void)deadline, (void)ready;
}

solo5_result_t solo5_set_tls_base(uintptr_t base)
{
    (void)base;
    return SOLO5_R_OK;
}

void sched_deadlock(void)
{
    abort();
}

static struct vfs_fs *fs;

static int set_up(void **state)
{
    (void)state;
    fs = ramfs_open();
    return fs ? 0 : -1;
}

static void remove_all(const char *path)
{
    struct vfs_entry entry;
    char below[VFS_PATH_MAX];

    for (uint64_t cursor = 0; fs->ops->list(fs, path, &cursor, &entry) == 1;) {
        snprintf(below, sizeof below, "%s%s%.200s", path, *path ? "/" : "", entry.name);
        if (S_ISDIR(entry.type)) {
            remove_all(below);
            assert_int_equal(fs->ops->rmdir(fs, below), 0);
        } else {
            assert_int_equal(fs->ops->unlink(fs, below), 0);
        }
    }
}

static int tear_down(void **state)
{
    (void)state;
    remove_all("");
    free(fs);
    return 0;
}

static struct file *open_file(const char *path, int flags)
{
    struct file *file = NULL;

    assert_int_equal(fs->ops->open(fs, path, flags, 0644, &file), 0);
    return file;
}

static void paths_are_clean(void **state)
{
    static const struct {
        const char *base, *path, *clean;
        bool directory;
    } cases[] = {
        {"/", "a", "/a", false},
        {"/", "/", "/", true},
        {"/x", "a/b", "/x/a/b", false},
        {"/x", "/a/b/", "/a/b", true},
        {"/x/y", "..", "/x", true},
        {"/x", "../../..", "/", true},
        {"/", "a//b/./c", "/a/b/c", false},
        {"/x", "a/../b", "/x/b", false},
        {"/x", ".", "/x", true},
        {"/", "...", "/...", false},
    };
    char result[VFS_PATH_MAX], longest[VFS_PATH_MAX + 2], name[VFS_NAME_MAX + 3];
    bool directory;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(vfs_path(cases[i].base, cases[i].path, result, &directory), 0);
        assert_string_equal(result, cases[i].clean);
        assert_int_equal(directory, cases[i].directory);
    }
    assert_int_equal(vfs_path("/", "", result, &directory), -ENOENT);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(vfs_path("/", name, result, &directory), -ENAMETOOLONG);
    name[VFS_NAME_MAX] = '\0';
    assert_int_equal(vfs_path("/", name, result, &directory), 0);
    for (size_t i = 0; i < sizeof longest - 1; i++)
        longest[i] = i % 2 ? 'a' : '/';
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(vfs_path("/", longest, result, &directory), -ENAMETOOLONG);
    longest[VFS_PATH_MAX - 2] = '\0';
    assert_int_equal(vfs_path("/", longest, result, &directory), 0);
}

static void the_longest_mount_point_wins(void **state)
{
    static struct vfs_fs root, tmp, deep;
    const char *inside;

    (void)state;
    assert_int_equal(vfs_mount("/", &root), 0);
    assert_int_equal(vfs_mount("/tmp", &tmp), 0);
    assert_int_equal(vfs_mount("/tmp/a/b", &deep), 0);
    assert_int_equal(vfs_mount("/tmp", &deep), -EBUSY);
    assert_int_equal(vfs_mount("tmp", &deep), -EINVAL);
    assert_int_equal(vfs_mount("/x/", &deep), -EINVAL);
    assert_ptr_equal(vfs_find("/", &inside), &root);
    assert_string_equal(inside, "");
    assert_ptr_equal(vfs_find("/tmpfile", &inside), &root);
    assert_string_equal(inside, "tmpfile");
    assert_ptr_equal(vfs_find("/tmp", &inside), &tmp);
    assert_string_equal(inside, "");
    assert_ptr_equal(vfs_find("/tmp/a", &inside), &tmp);
    assert_string_equal(inside, "a");
    assert_ptr_equal(vfs_find("/tmp/a/b/c", &inside), &deep);
    assert_string_equal(inside, "c");
    assert_string_equal(vfs_mount_below("/", 0), "tmp");
    assert_null(vfs_mount_below("/", 1));
    assert_string_equal(vfs_mount_below("/tmp/a", 0), "b");
}

static void files_keep_what_is_written(void **state)
{
    static uint8_t model[40000], back[40000];
    struct file *file = open_file("f", O_RDWR | O_CREAT);
    size_t size = 0;

    (void)state;
    srand(1);
    for (int i = 0; i < 2000; i++) {
        size_t at = (size_t)rand() % 30000, count = (size_t)rand() % 9000;
        if (i % 10 == 0) {
            assert_int_equal(file->ops->truncate(file, (off_t)at), 0);
            if (at < size)
                memset(model + at, 0, size - at);
            size = at;
        } else {
            for (size_t j = 0; j < count; j++)
                model[at + j] = (uint8_t)rand();
            assert_int_equal(file->ops->write_at(file, model + at, count, (off_t)at), count);
            if (count > 0 && at + count > size)
                size = at + count;
        }
        assert_int_equal(file->ops->read_at(file, back, sizeof back, 0), size);
        assert_memory_equal(back, model, size);
    }
    assert_int_equal(file->ops->read_at(file, back, 1, (off_t)size), 0);
    assert_int_equal(file->ops->write_at(file, back, 1, INT64_MAX), -EFBIG);
    file_release(file);
}

static void an_unlinked_file_lives_until_it_is_closed(void **state)
{
    struct file *one = open_file("d", O_RDWR | O_CREAT), *two = open_file("d", O_RDONLY);
    struct file *gone = NULL;
    char text[4] = "";

    (void)state;
    one->ops->write(one, "abc", 3);
    assert_int_equal(fs->ops->unlink(fs, "d"), 0);
    assert_int_equal(fs->ops->open(fs, "d", O_RDONLY, 0, &gone), -ENOENT);
    file_release(one);
    assert_int_equal(two->ops->read(two, text, 3), 3);
    assert_string_equal(text, "abc");
    file_release(two);
}

static void renaming_replaces(void **state)
{
    struct stat status = {0};

    (void)state;
    file_release(open_file("a", O_RDWR | O_CREAT));
    file_release(open_file("b", O_RDWR | O_CREAT));
    assert_int_equal(fs->ops->mkdir(fs, "d", 0755), 0);
    assert_int_equal(fs->ops->mkdir(fs, "d/e", 0755), 0);
    assert_int_equal(fs->ops->rename(fs, "a", "b"), 0);
    assert_int_equal(fs->ops->stat(fs, "a", &status), -ENOENT);
    assert_int_equal(fs->ops->rename(fs, "b", "b"), 0);
    assert_int_equal(fs->ops->rename(fs, "b", "d"), -EISDIR);
    assert_int_equal(fs->ops->rename(fs, "d", "b"), -ENOTDIR);
    assert_int_equal(fs->ops->rename(fs, "d", "d/e/f"), -EINVAL);
    assert_int_equal(fs->ops->rename(fs, "d/e", "d"), -ENOTEMPTY);
    assert_int_equal(fs->ops->rename(fs, "none", "x"), -ENOENT);
    assert_int_equal(fs->ops->rename(fs, "b", "d/e/deep"), 0);
    assert_int_equal(fs->ops->rename(fs, "d/e", "e"), 0);
    assert_int_equal(fs->ops->stat(fs, "e/deep", &status), 0);
    assert_int_equal(fs->ops->rmdir(fs, "e"), -ENOTEMPTY);
    assert_int_equal(fs->ops->rmdir(fs, ""), -EBUSY);
}

static void a_directory_may_change_while_it_is_read(void **state)
{
    struct vfs_entry entry;
    char name[16];
    int count = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "f%d", i);
        file_release(open_file(name, O_RDWR | O_CREAT));
    }
    for (uint64_t cursor = 0; fs->ops->list(fs, "", &cursor, &entry) == 1; count++)
        assert_int_equal(fs->ops->unlink(fs, entry.name), 0);
    assert_int_equal(count, 100);
}

static void descriptors_are_the_lowest_free(void **state)
{
    int fds[200];

    (void)state;
    for (int i = 0; i < 200; i++) {
        fds[i] = fd_install(open_file("f", O_RDWR | O_CREAT), 0, i % 2);
        assert_int_equal(fds[i], i + 3);
        assert_int_equal(fd_close_on_exec(fds[i]), i % 2);
    }
    assert_int_equal(fd_close(50), 0);
    assert_int_equal(fd_close(50), -EBADF);
    assert_null(fd_file(50));
    assert_int_equal(fd_install(file_hold(fd_file(60)), 10, false), 50);
    assert_int_equal(fd_replace(file_hold(fd_file(60)), 500, false), 500);
    assert_int_equal(fd_replace(file_hold(fd_file(60)), -1, false), -EBADF);
    assert_int_equal(fd_install(file_hold(fd_file(60)), FD_MAX, false), -EMFILE);
    assert_null(fd_file(-1));
    assert_null(fd_file(FD_MAX));
    for (int fd = 3; fd < fd_limit(); fd++)
        fd_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_clean),
        cmocka_unit_test(the_longest_mount_point_wins),
        cmocka_unit_test_setup_teardown(files_keep_what_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unlinked_file_lives_until_it_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renaming_replaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_may_change_while_it_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(descriptors_are_the_lowest_free, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

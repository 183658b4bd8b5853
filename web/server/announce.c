/* announce.c: RUN/web.json; see announce.h. */
#include "announce.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "server.h"

static json_t *announcement(struct server *server)
{
    char code[SETUP_CODE_SIZE];
    pthread_mutex_lock(&server->setup.lock);
    memcpy(code, server->setup.code, sizeof code);
    bool needed = server->setup.needed;
    pthread_mutex_unlock(&server->setup.lock);
    return json_pack("{s:s, s:s?, s:i}", "url", server->listen.url, "setup_code", needed ? code : NULL, "pid",
                     (int)getpid());
}

static int write_file(const char *path, const char *text, struct error *err)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= PATH_MAX)
        return error_set(err, ENAMETOOLONG, "write", path, NULL);
    unlink(temporary);
    cleanup_fd int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(err, errno, "write", temporary, NULL);
    int result = fd_write_all(fd, text, strlen(text));
    if (result < 0)
        return error_set(err, -result, "write", temporary, NULL);
    if (rename(temporary, path) < 0)
        return error_set(err, errno, "write", path, NULL);
    return 0;
}

int announce_write(struct server *server, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, server->run_directory, "web.json", err);
    if (result < 0)
        return result;
    json_t *json = announcement(server);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (text == NULL)
        return error_set(err, ENOMEM, "write", path, NULL);
    result = write_file(path, text, err);
    server->announced |= result == 0;
    free(text);
    return result;
}

void announce_remove(struct server *server)
{
    char path[PATH_MAX];
    if (server->announced && path_join(path, server->run_directory, "web.json", NULL) == 0)
        unlink(path);
}

/* libbivy against a daemon that plays a script. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client/client.h"
#include "host/error.h"
#include "host/fd.h"
#include "tests/client/script.h"
#include "wire/frame.h"

#define STEPS(...)                                                                                           \
    ((const struct script_step[]){__VA_ARGS__}),                                                             \
        sizeof((const struct script_step[]){__VA_ARGS__}) / sizeof(struct script_step)
#define SAY(...)                                                                                             \
    {                                                                                                        \
        .kind = SCRIPT_SAY, .payload = { __VA_ARGS__ }                                                       \
    }
#define SAY_BIVY(...)                                                                                        \
    SAY(.kind = WIRE_PAYLOAD_REPLY,                                                                          \
        .u.reply = {.kind = WIRE_SUCCESS_BIVY, .u.bivy = {.version = 1, .reply = {__VA_ARGS__}}})
#define SAY_LINE(number)                                                                                     \
    SAY(.kind = WIRE_PAYLOAD_DATA,                                                                           \
        .u.data = {.kind = WIRE_DATA_BIVY,                                                                   \
                   .u.bivy = {.kind = WIRE_BIVY_DATA_CONSOLE,                                                \
                              .u.console = {.id = number, .line = {(const uint8_t *)"line", 4}}}})
#define HEAR                                                                                                 \
    {                                                                                                        \
        .kind = SCRIPT_HEAR                                                                                  \
    }

static const uint8_t digest[32] = {1, 2, 3};

#define UNIKERNEL(text)                                                                                      \
    {                                                                                                        \
        .name = {(const uint8_t *)text, sizeof text - 1}, .state = WIRE_STATE_RUNNING, .memory = 32,         \
        .digest = {digest, 32}, .restart.kind = WIRE_RESTART_NEVER, .pid = 7                                 \
    }

static struct client *open_script(const struct script *script)
{
    struct error err = {0};
    struct client *client = client_open(script->directory, &err);
    if (client == NULL)
        fail_msg("%s", err.text);
    client_set_timeout(client, 10000);
    return client;
}

/* What the daemon heard first, decoded. */
static void heard(const struct script *script, struct wire_arena *arena, struct wire_wire *message)
{
    struct error err = {0};
    assert_true(script->heard.size > WIRE_FRAME_HEADER);
    if (wire_decode(&wire_type_wire, script->heard.data + WIRE_FRAME_HEADER,
                    script->heard.size - WIRE_FRAME_HEADER, arena, message, &err) < 0)
        fail_msg("%s", err.text);
}

/* A file in memory of SIZE bytes. */
static int make_file(size_t size)
{
    int fd = memfd_create("upload", MFD_CLOEXEC);
    for (size_t i = 0; i < size; i++) {
        static uint8_t block[4096];
        block[i % sizeof block] = (uint8_t)(i * 7 >> 3);
        if (i % sizeof block == sizeof block - 1 || i == size - 1)
            assert_int_equal(fd_write_all(fd, block, i % sizeof block + 1), 0);
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void without_a_daemon_the_hint_says_how_to_start_one(void **state)
{
    (void)state;
    char directory[] = "/tmp/bivy-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    struct error err = {0};
    assert_null(client_open(directory, &err));
    char expected[128];
    snprintf(expected, sizeof expected, "connect to bivyd: %s/util/vmmd.sock: no daemon is running",
             directory);
    assert_string_equal(err.text, expected);
    assert_string_equal(err.hint, "bivy up");
    assert_int_equal(err.code, ECONNREFUSED);
    rmdir(directory);
}

static void a_list_is_asked_and_answered(void **state)
{
    (void)state;
    struct wire_unikernel unikernels[] = {UNIKERNEL(":web"), UNIKERNEL("a:b")};
    struct script script;
    script_begin(&script,
                 STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_UNIKERNELS, .u.unikernels = {2, unikernels})));
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_unikernel_list list;
    {
        cleanup_client struct client *client = open_script(&script);
        assert_int_equal(client_list(client, ":", &arena, &list, NULL), 0);
    }
    script_end(&script);
    assert_int_equal(list.count, 2);
    assert_true(wire_text_is(list.items[1].name, "a:b"));
    assert_int_equal(list.items[0].pid, 7);
    struct wire_wire message;
    heard(&script, &arena, &message);
    assert_true(wire_text_is(message.header.name, ":"));
    assert_int_equal(message.header.sequence, 0);
    assert_int_equal(message.payload.u.command.u.bivy.version, 1);
    assert_int_equal(message.payload.u.command.u.bivy.request.kind, WIRE_BIVY_REQUEST_LIST);
    script_free(&script);
}

static void a_name_is_sent_in_its_one_form(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY(.kind = WIRE_PAYLOAD_REPLY, .u.reply.kind = WIRE_SUCCESS_EMPTY)));
    cleanup_client struct client *client = open_script(&script);
    assert_int_equal(client_destroy(client, "Hello", NULL), 0);
    script_end(&script);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire message;
    heard(&script, &arena, &message);
    assert_true(wire_text_is(message.header.name, ":hello"));
    script_free(&script);
}

static void a_failure_is_the_daemon_s_sentence_and_hint(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script,
                 STEPS(HEAR, SAY(.kind = WIRE_PAYLOAD_FAILURE,
                                 .u.failure = wire_text("stop: :web: not running\nhint: bivy start web"))));
    cleanup_client struct client *client = open_script(&script);
    struct error err = {0};
    assert_int_equal(client_stop(client, "web", &err), -EREMOTEIO);
    script_end(&script);
    assert_string_equal(err.text, "stop: :web: not running");
    assert_string_equal(err.hint, "bivy start web");
    script_free(&script);
}

static void hanging_up_is_no_answer(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR));
    cleanup_client struct client *client = open_script(&script);
    struct error err = {0};
    assert_int_equal(client_stop(client, "web", &err), -ECONNRESET);
    script_end(&script);
    assert_non_null(strstr(err.text, "hung up without an answer"));
    script_free(&script);
}

static void silence_ends_with_a_time_out(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, {.kind = SCRIPT_WAIT}));
    cleanup_client struct client *client = open_script(&script);
    client_set_timeout(client, 20);
    assert_int_equal(client_stop(client, "web", NULL), -ETIMEDOUT);
    assert_int_equal(client_fd(client), -1);
    script_end(&script);
    script_free(&script);
}

static void every_call_has_a_connection_of_its_own(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_DONE), {.kind = SCRIPT_NEXT}, HEAR,
                                SAY_BIVY(.kind = WIRE_BIVY_REPLY_DONE)));
    cleanup_client struct client *client = open_script(&script);
    assert_int_equal(client_stop(client, "web", NULL), 0);
    assert_int_equal(client_start(client, "web", NULL), 0);
    script_end(&script);
    script_free(&script);
}

static void an_answer_to_another_question_is_refused(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_DONE)));
    cleanup_client struct client *client = open_script(&script);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_unikernel_list list;
    assert_int_equal(client_list(client, ":", &arena, &list, NULL), -EPROTO);
    script_end(&script);
    script_free(&script);
}

static void garbage_is_refused(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, {.kind = SCRIPT_BYTES, .bytes = "\0\0\0\3\x30\x80\0", .size = 7}));
    cleanup_client struct client *client = open_script(&script);
    assert_int_equal(client_stop(client, "web", NULL), -EBADMSG);
    script_end(&script);
    script_free(&script);
}

static void a_name_that_is_none_is_not_sent(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR));
    struct error err = {0};
    {
        cleanup_client struct client *client = open_script(&script);
        assert_int_equal(client_stop(client, "a_b", &err), -EINVAL);
    }
    script_end(&script);
    assert_int_equal(script.heard.size, 0);
    assert_non_null(strstr(err.text, "'a_b'"));
    script_free(&script);
}

static void showing_what_is_not_there_names_it(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_UNIKERNELS)));
    cleanup_client struct client *client = open_script(&script);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_unikernel unikernel;
    struct error err = {0};
    assert_int_equal(client_show(client, "web", &arena, &unikernel, &err), -ENOENT);
    script_end(&script);
    assert_string_equal(err.text, "find unikernel: web: there is none of this name");
    script_free(&script);
}

static void a_stream_yields_its_messages_and_ends(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_DONE), SAY_LINE(41), SAY_LINE(42)));
    cleanup_client struct client *client = open_script(&script);
    assert_int_equal(client_console(client, "web", -1, 10, false, NULL), 0);
    for (int64_t id = 41; id <= 42; id++) {
        cleanup_wire_arena struct wire_arena arena = {0};
        struct wire_wire message;
        assert_int_equal(client_next(client, 10000, &arena, &message, NULL), 1);
        assert_int_equal(message.payload.u.data.u.bivy.u.console.id, id);
        assert_true(wire_text_is(message.payload.u.data.u.bivy.u.console.line, "line"));
    }
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire message;
    assert_int_equal(client_next(client, 10000, &arena, &message, NULL), 0);
    script_end(&script);
    script_free(&script);
}

static void a_quiet_stream_goes_on(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_DONE), {.kind = SCRIPT_WAIT}));
    struct wire_arena arena = {0};
    {
        cleanup_client struct client *client = open_script(&script);
        struct wire_wire message;
        assert_int_equal(client_events(client, ":", 0, NULL), 0);
        assert_int_equal(client_next(client, 0, &arena, &message, NULL), -ETIMEDOUT);
        assert_true(client_fd(client) >= 0);
    }
    script_end(&script);
    wire_arena_free(&arena);
    script_free(&script);
}

struct counted {
    uint64_t calls;
    uint64_t sent;
    uint64_t stop_at;
};

static int count_progress(void *context, uint64_t sent, uint64_t total)
{
    struct counted *counted = context;
    counted->calls++;
    counted->sent = sent;
    return sent > total || (counted->stop_at != 0 && sent >= counted->stop_at);
}

static struct wire_deploy deploy_of(uint64_t size)
{
    return (struct wire_deploy){
        .image = {.kind = WIRE_DEPLOY_IMAGE_UPLOAD, .u.upload = (int64_t)size},
        .memory = 32,
        .restart.kind = WIRE_RESTART_NEVER,
    };
}

static void deploying_sends_the_image_when_it_is_wanted(void **state)
{
    (void)state;
    enum { SIZE = 700001 };
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_READY, .u.ready = true),
                                {.kind = SCRIPT_CHUNKS},
                                SAY_BIVY(.kind = WIRE_BIVY_REPLY_DEPLOYED, .u.deployed = UNIKERNEL(":web"))));
    cleanup_client struct client *client = open_script(&script);
    cleanup_fd int fd = make_file(SIZE);
    struct counted counted = {0};
    struct client_upload upload = {fd, SIZE, count_progress, &counted};
    struct wire_deploy deploy = deploy_of(SIZE);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_unikernel unikernel;
    struct error err = {0};
    if (client_deploy(client, "web", &deploy, &upload, &arena, &unikernel, &err) < 0)
        fail_msg("%s", err.text);
    script_end(&script);
    assert_int_equal(unikernel.state, WIRE_STATE_RUNNING);
    assert_int_equal(counted.sent, SIZE);
    assert_true(counted.calls > 1);
    assert_int_equal(script.chunks.size, SIZE);
    uint8_t *image = malloc(SIZE);
    assert_int_equal(pread(fd, image, SIZE, 0), SIZE);
    assert_memory_equal(script.chunks.data, image, SIZE);
    free(image);
    script_free(&script);
}

static void an_image_that_is_there_is_not_sent(void **state)
{
    (void)state;
    struct script script;
    struct wire_image_info info = {.digest = {digest, 32}, .size = 5};
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_READY, .u.ready = false),
                                SAY_BIVY(.kind = WIRE_BIVY_REPLY_IMAGE, .u.image = info)));
    cleanup_client struct client *client = open_script(&script);
    struct client_upload upload = {-1, 5, NULL, NULL};
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_image_info image;
    assert_int_equal(client_image_add(client, &upload, digest, &arena, &image, NULL), 0);
    script_end(&script);
    assert_int_equal(image.size, 5);
    script_free(&script);
}

static void a_refusal_during_the_upload_is_heard(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20 };
    struct script script;
    script_begin(&script,
                 STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_READY, .u.ready = true), {.kind = SCRIPT_CHUNK},
                       SAY(.kind = WIRE_PAYLOAD_FAILURE, .u.failure = wire_text("store: disk: full"))));
    cleanup_client struct client *client = open_script(&script);
    cleanup_fd int fd = make_file(SIZE);
    struct client_upload upload = {fd, SIZE, NULL, NULL};
    struct wire_deploy deploy = deploy_of(SIZE);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_unikernel unikernel;
    struct error err = {0};
    assert_int_equal(client_deploy(client, "web", &deploy, &upload, &arena, &unikernel, &err), -EREMOTEIO);
    script_end(&script);
    assert_string_equal(err.text, "store: disk: full");
    script_free(&script);
}

static void an_upload_can_be_cancelled(void **state)
{
    (void)state;
    enum { SIZE = 4 << 20 };
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_READY, .u.ready = true),
                                {.kind = SCRIPT_CHUNKS}));
    cleanup_client struct client *client = open_script(&script);
    cleanup_fd int fd = make_file(SIZE);
    struct counted counted = {.stop_at = 1};
    struct client_upload upload = {fd, SIZE, count_progress, &counted};
    struct wire_deploy deploy = deploy_of(SIZE);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_unikernel unikernel;
    assert_int_equal(client_deploy(client, "web", &deploy, &upload, &arena, &unikernel, NULL), -ECANCELED);
    assert_int_equal(client_fd(client), -1);
    script_end(&script);
    assert_int_equal(counted.calls, 2); /* before the first chunk, and after it */
    script_free(&script);
}

static void a_file_that_shrank_is_an_error(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY_BIVY(.kind = WIRE_BIVY_REPLY_READY, .u.ready = true),
                                {.kind = SCRIPT_CHUNKS}));
    cleanup_client struct client *client = open_script(&script);
    cleanup_fd int fd = make_file(100);
    struct client_upload upload = {fd, 200, NULL, NULL};
    struct wire_deploy deploy = deploy_of(200);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_unikernel unikernel;
    assert_int_equal(client_deploy(client, "web", &deploy, &upload, &arena, &unikernel, NULL), -EIO);
    script_end(&script);
    script_free(&script);
}

static void a_volume_is_sent_and_fetched(void **state)
{
    (void)state;
    struct wire_bytes part = wire_text("contents");
    struct script script;
    script_begin(&script,
                 STEPS(HEAR, {.kind = SCRIPT_CHUNKS},
                       SAY(.kind = WIRE_PAYLOAD_REPLY, .u.reply.kind = WIRE_SUCCESS_EMPTY),
                       {.kind = SCRIPT_NEXT}, HEAR,
                       SAY(.kind = WIRE_PAYLOAD_REPLY, .u.reply.kind = WIRE_SUCCESS_BLOCK_DEVICE_IMAGE),
                       SAY(.kind = WIRE_PAYLOAD_DATA,
                           .u.data = {.kind = WIRE_DATA_BLOCK,
                                      .u.block = {.kind = WIRE_DATA_BLOCK_SOME, .u.some = part}}),
                       SAY(.kind = WIRE_PAYLOAD_DATA,
                           .u.data = {.kind = WIRE_DATA_BLOCK, .u.block = {.kind = WIRE_DATA_BLOCK_EOF}})));
    cleanup_client struct client *client = open_script(&script);
    cleanup_fd int fd = make_file(5000);
    struct client_upload upload = {fd, 5000, NULL, NULL};
    struct error err = {0};
    if (client_block_set(client, "foo:data", false, &upload, &err) < 0)
        fail_msg("%s", err.text);
    cleanup_fd int to = make_file(0);
    if (client_block_dump(client, "foo:data", 0, to, &err) < 0)
        fail_msg("%s", err.text);
    script_end(&script);
    assert_int_equal(script.chunks.size, 5000);
    char text[16] = "";
    assert_int_equal(pread(to, text, sizeof text, 0), 8);
    assert_string_equal(text, "contents");
    script_free(&script);
}

static void a_dump_that_breaks_off_is_an_error(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script, STEPS(HEAR, SAY(.kind = WIRE_PAYLOAD_REPLY,
                                          .u.reply.kind = WIRE_SUCCESS_BLOCK_DEVICE_IMAGE)));
    cleanup_client struct client *client = open_script(&script);
    cleanup_fd int to = make_file(0);
    struct error err = {0};
    assert_int_equal(client_block_dump(client, "foo:data", 0, to, &err), -ECONNRESET);
    script_end(&script);
    assert_string_equal(err.text, "dump volume: foo:data: the daemon hung up before the end");
    script_free(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_daemon_the_hint_says_how_to_start_one),
        cmocka_unit_test(a_list_is_asked_and_answered),
        cmocka_unit_test(a_name_is_sent_in_its_one_form),
        cmocka_unit_test(a_failure_is_the_daemon_s_sentence_and_hint),
        cmocka_unit_test(hanging_up_is_no_answer),
        cmocka_unit_test(silence_ends_with_a_time_out),
        cmocka_unit_test(every_call_has_a_connection_of_its_own),
        cmocka_unit_test(an_answer_to_another_question_is_refused),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(a_name_that_is_none_is_not_sent),
        cmocka_unit_test(showing_what_is_not_there_names_it),
        cmocka_unit_test(a_stream_yields_its_messages_and_ends),
        cmocka_unit_test(a_quiet_stream_goes_on),
        cmocka_unit_test(deploying_sends_the_image_when_it_is_wanted),
        cmocka_unit_test(an_image_that_is_there_is_not_sent),
        cmocka_unit_test(a_refusal_during_the_upload_is_heard),
        cmocka_unit_test(an_upload_can_be_cancelled),
        cmocka_unit_test(a_file_that_shrank_is_an_error),
        cmocka_unit_test(a_volume_is_sent_and_fetched),
        cmocka_unit_test(a_dump_that_breaks_off_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

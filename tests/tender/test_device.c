/* Which options fit which manifest, and what attaching checks. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tender/common/device.h"
#include "tender/common/message.h"

static struct image_manifest manifest;
static struct devices devices;
static struct options options;
static struct message message;

static int make_manifest(void **state)
{
    (void)state;
    memset(&manifest, 0, sizeof manifest);
    manifest.version = MFT_VERSION;
    manifest.entries = 3;
    manifest.e[0].type = MFT_RESERVED_FIRST;
    strcpy(manifest.e[1].name, "service");
    manifest.e[1].type = MFT_DEV_NET_BASIC;
    strcpy(manifest.e[2].name, "storage");
    manifest.e[2].type = MFT_DEV_BLOCK_BASIC;
    return 0;
}

#define MATCH(...) match((const char *[]){"tender", __VA_ARGS__, "image", NULL})

static int match(const char *const *argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    assert_int_equal(options_parse(&options, argc, argv, &message), 0);
    return device_match(&devices, &manifest, &options, &message);
}

static void every_declared_device_must_be_attached(void **state)
{
    (void)state;
    assert_int_equal(MATCH("--net:service=tap0"), -EINVAL);
    assert_string_equal(message.text, "Device 'storage' of type BLOCK_BASIC declared but not attached.");
    assert_int_equal(MATCH("--block:storage=x"), -EINVAL);
    assert_string_equal(message.text, "Device 'service' of type NET_BASIC declared but not attached.");
    assert_int_equal(MATCH("--block:storage=x", "--net-mac:service=02:00:00:00:00:01"), -EINVAL);
    assert_int_equal(MATCH("--block:storage=x", "--net:service=tap0"), 0);
    assert_string_equal(devices.of[1].attachment, "tap0");
    assert_false(devices.has_socket_net);
}

static void an_unknown_type_cannot_be_attached(void **state)
{
    (void)state;
    manifest.e[2].type = 7;
    assert_int_equal(MATCH("--net:service=tap0"), -EINVAL);
    assert_string_equal(message.text, "Device 'storage' of type UNKNOWN declared but not attached.");
    manifest.e[2].type = MFT_RESERVED_FIRST;
    assert_int_equal(MATCH("--net:service=tap0"), 0);
}

static void only_declared_devices_can_be_attached(void **state)
{
    (void)state;
    assert_int_equal(MATCH("--net:other=tap0"), -EINVAL);
    assert_string_equal(message.text, "Resource not declared in manifest: 'other'");
    assert_int_equal(MATCH("--net:storage=tap0"), -EINVAL);
    assert_string_equal(message.text, "Resource not declared in manifest: 'storage'");
    assert_int_equal(MATCH("--block-sector-size:service=512"), -EINVAL);
    assert_string_equal(message.text, "Resource not declared in manifest: 'service'");
}

static void a_device_is_attached_once(void **state)
{
    (void)state;
    assert_int_equal(MATCH("--net:service=tap0", "--net:service=tap1"), -EINVAL);
    assert_string_equal(message.text, "Option given twice: `--net:service=tap1'");
}

static void reads_hardware_addresses(void **state)
{
    (void)state;
    uint8_t mac[6];
    assert_int_equal(net_parse_mac("02:aB:00:fF:10:9c", mac), 0);
    assert_memory_equal(mac, "\x02\xab\x00\xff\x10\x9c", 6);
    static const char *const wrong[] = {"",
                                        "02",
                                        "02:00:00:00:00",
                                        "02:00:00:00:00:0",
                                        "02:00:00:00:00:001",
                                        "02-00-00-00-00-01",
                                        "g2:00:00:00:00:01",
                                        "02:00:00:00:00:01:",
                                        "2:0:0:0:0:1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(net_parse_mac(wrong[i], mac), -EINVAL);
}

/* Attaches the block device to a memory file of SIZE bytes with OPTION; the result. */
static int attach_block(off_t size, const char *sector_size)
{
    char name[32];
    int fd = memfd_create("disk", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, size), 0);
    snprintf(name, sizeof name, "@%d", fd);
    struct device device = {.attachment = name, .sector_size = sector_size};
    memset(&manifest.e[2].u, 0, sizeof manifest.e[2].u);
    int result = block_attach(&device, &manifest.e[2], &message);
    assert_true(result != 0 || manifest.e[2].b.hostfd == fd);
    close(fd);
    return result;
}

static void block_sizes_are_powers_of_two(void **state)
{
    (void)state;
    static const char *const wrong[] = {"0", "256", "511", "513", "768", "65536", "x", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(attach_block(1 << 20, wrong[i]), -EINVAL);
        assert_non_null(strstr(message.text, "Malformed argument to --block-sector-size"));
    }
    static const char *const right[] = {"512", "1024", "4096", "32768"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_int_equal(attach_block(1 << 20, right[i]), 0);
    assert_int_equal(manifest.e[2].u.block_basic.block_size, 32768);
    assert_int_equal(manifest.e[2].u.block_basic.capacity, 1 << 20);
}

static void capacity_is_a_multiple_of_the_block_size(void **state)
{
    (void)state;
    assert_int_equal(attach_block(512, NULL), 0);
    assert_int_equal(manifest.e[2].u.block_basic.block_size, 512);
    assert_int_equal(attach_block(511, NULL), -EINVAL);
    assert_non_null(strstr(message.text, "Backing storage must be at least 1 block (512 bytes) in size"));
    assert_int_equal(attach_block(0, NULL), -EINVAL);
    assert_int_equal(attach_block(4096 + 512, "4096"), -EINVAL);
    assert_non_null(strstr(message.text, "Backing storage size must be block aligned (4096 bytes)"));
}

static void block_devices_can_be_measured(void **state)
{
    (void)state;
    int pipes[2];
    char name[32];
    assert_int_equal(pipe(pipes), 0);
    snprintf(name, sizeof name, "@%d", pipes[0]);
    struct device device = {.attachment = name};
    assert_int_equal(block_attach(&device, &manifest.e[2], &message), -ESPIPE);
    device.attachment = "/nonexistent/disk";
    assert_int_equal(block_attach(&device, &manifest.e[2], &message), -ENOENT);
    assert_string_equal(message.text,
                        "Could not open block device: /nonexistent/disk: No such file or directory");
    close(pipes[0]);
    close(pipes[1]);
}

static int attach_net(const char *attachment, const char *mac, const char *mtu)
{
    struct device device = {.attachment = attachment, .mac = mac, .mtu = mtu};
    return net_attach(&device, &manifest.e[1], &message);
}

static void an_inherited_descriptor_becomes_a_network_device(void **state)
{
    (void)state;
    int pair[2];
    char name[32];
    const struct mft_net_basic *net = &manifest.e[1].u.net_basic;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    snprintf(name, sizeof name, "@%d", pair[0]);
    assert_int_equal(attach_net(name, NULL, NULL), 0);
    assert_true(fcntl(pair[0], F_GETFL) & O_NONBLOCK);
    assert_int_equal(manifest.e[1].b.hostfd, pair[0]);
    assert_int_equal(net->mtu, 1500);
    assert_int_equal(net->mac[0] & 3, 2);
    assert_int_equal(attach_net(name, "00:00:00:00:00:00", "9000"), 0);
    assert_int_equal(net->mtu, 9000);
    assert_int_equal(net->mac[0] & 3, 2);
    assert_int_equal(attach_net(name, "02:00:00:00:00:07", NULL), 0);
    assert_memory_equal(net->mac, "\x02\0\0\0\0\x07", 6);
    assert_int_equal(attach_net(name, "02:00", NULL), -EINVAL);
    assert_string_equal(message.text, "Malformed argument to --net-mac: '02:00'");
    assert_int_equal(attach_net(name, NULL, "67"), -EINVAL);
    assert_int_equal(attach_net(name, NULL, "65536"), -EINVAL);
    close(pair[0]);
    close(pair[1]);
}

static void interfaces_must_exist(void **state)
{
    (void)state;
    assert_int_equal(attach_net("@1048575", NULL, NULL), -EBADF);
    assert_string_equal(message.text, "Could not attach interface: @1048575: Bad file descriptor");
    assert_int_equal(attach_net("nosuchiface0", NULL, NULL), -ENOENT);
    assert_string_equal(message.text, "Could not attach interface: nosuchiface0: No such file or directory");
    assert_int_equal(attach_net("sixteencharacter", NULL, NULL), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_declared_device_must_be_attached, make_manifest),
        cmocka_unit_test_setup(an_unknown_type_cannot_be_attached, make_manifest),
        cmocka_unit_test_setup(only_declared_devices_can_be_attached, make_manifest),
        cmocka_unit_test_setup(a_device_is_attached_once, make_manifest),
        cmocka_unit_test(reads_hardware_addresses),
        cmocka_unit_test_setup(block_sizes_are_powers_of_two, make_manifest),
        cmocka_unit_test_setup(capacity_is_a_multiple_of_the_block_size, make_manifest),
        cmocka_unit_test_setup(block_devices_can_be_measured, make_manifest),
        cmocka_unit_test_setup(an_inherited_descriptor_becomes_a_network_device, make_manifest),
        cmocka_unit_test_setup(interfaces_must_exist, make_manifest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

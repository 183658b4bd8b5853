/* schema_table.c: every shape of JSON that the REST interface speaks; see schema.h. */
#include "schema.h"

#include "unikernel.h"
#include "upload.h"
#include "user.h"

#define TEXT(name, least, most, about)                                                                       \
    {                                                                                                        \
        name, SCHEMA_TEXT, false, least, most, 0, NULL, NULL, about                                          \
    }
#define INTEGER(name, least, most, about)                                                                    \
    {                                                                                                        \
        name, SCHEMA_INTEGER, false, least, most, 0, NULL, NULL, about                                       \
    }
#define BOOLEAN(name, about)                                                                                 \
    {                                                                                                        \
        name, SCHEMA_BOOLEAN, false, 0, 0, 0, NULL, NULL, about                                              \
    }
#define CHOICE(name, choices, about)                                                                         \
    {                                                                                                        \
        name, SCHEMA_TEXT, false, 0, 0, 0, choices, NULL, about                                              \
    }
#define TIME(name, about) TEXT(name, 24, 24, about ", RFC 3339 in UTC with milliseconds")
#define OPTIONAL_TEXT(name, least, most, about)                                                              \
    {                                                                                                        \
        name, SCHEMA_TEXT, true, least, most, 0, NULL, NULL, about                                           \
    }
#define OPTIONAL_INTEGER(name, least, most, about)                                                           \
    {                                                                                                        \
        name, SCHEMA_INTEGER, true, least, most, 0, NULL, NULL, about                                        \
    }
#define OPTIONAL_BOOLEAN(name, about)                                                                        \
    {                                                                                                        \
        name, SCHEMA_BOOLEAN, true, 0, 0, 0, NULL, NULL, about                                               \
    }
#define OPTIONAL_CHOICE(name, choices, about)                                                                \
    {                                                                                                        \
        name, SCHEMA_TEXT, true, 0, 0, 0, choices, NULL, about                                               \
    }
#define COUNT_MAX INT32_MAX

static const char *const tenders[] = {"process", "vm", NULL};
static const char *const tender_wishes[] = {"any", "process", "vm", NULL};
static const char *const restarts[] = {"never", "always", "on-failure", NULL};
static const char *const protocols[] = {"tcp", "udp", NULL};
static const char *const device_types[] = {"net", "block", NULL};
static const char *const targets[] = {"spt", "hvt", "virtio",  "muen", "genode",
                                      "xen", "fat", "unknown", NULL};
static const char *const states[] = {"starting", "running", "stopping",   "stopped", "exited",
                                     "failed",   "waiting", "crash-loop", NULL};
static const char *const healths[] = {"none", "passing", "failing", NULL};

static const struct schema_field setup_state_fields[] = {
    BOOLEAN("needed", "whether the first administrator is still to be made"), {0}};
const struct schema schema_setup_state = {"SetupState", "Whether the set-up is still to be done.",
                                          setup_state_fields};

static const struct schema_field setup_fields[] = {
    TEXT("setup_code", 1, 128, "printed by the server when it starts without a user"),
    TEXT("name", 1, USER_NAME_SIZE - 1, "letters, digits, '.', '_', '@', '-'"),
    TEXT("password", USER_PASSWORD_MIN, USER_PASSWORD_MAX, NULL),
    {0}};
const struct schema schema_setup = {"Setup", "Makes the first administrator.", setup_fields};

static const struct schema_field credentials_fields[] = {
    TEXT("name", 1, USER_NAME_SIZE - 1, NULL), TEXT("password", 1, USER_PASSWORD_MAX, NULL), {0}};
const struct schema schema_credentials = {"Credentials", "Signs in.", credentials_fields};

static const struct schema_field session_fields[] = {
    TEXT("name", 1, USER_NAME_SIZE - 1, "who is signed in"),
    TEXT("csrf", 64, 64, "goes into the header X-Bivy-CSRF of every request that changes something"),
    {0}};
const struct schema schema_session = {"Session", "Who is signed in.", session_fields};

static const struct schema_field host_fields[] = {
    TEXT("version", 1, 0, "of the daemon"),
    INTEGER("cpus", 0, COUNT_MAX, "how many unikernels may use"),
    INTEGER("memory_mib", 0, COUNT_MAX, "budget"),
    INTEGER("memory_used_mib", 0, COUNT_MAX, NULL),
    INTEGER("unikernels", 0, COUNT_MAX, "budget"),
    INTEGER("unikernels_used", 0, COUNT_MAX, NULL),
    {"cpuids", SCHEMA_INTEGERS, false, 0, COUNT_MAX, 0, NULL, NULL, "processors that unikernels may use"},
    {"networks", SCHEMA_TEXTS, false, 0, 0, 0, NULL, NULL, "\"user\" or \"bridge:NAME\""},
    BOOLEAN("rootless", "the daemon runs as an ordinary user"),
    BOOLEAN("vm", "the host runs images as virtual machines"),
    {0}};
const struct schema schema_host = {"Host", "What the host offers, and what is used of it.", host_fields};

static const struct schema_field network_fields[] = {
    TEXT("device", 1, 67, "as the image's manifest calls it"),
    TEXT("network", 1, 64, "\"user\" or \"bridge:NAME\""),
    OPTIONAL_TEXT("mac", 17, 17, "aa:bb:cc:dd:ee:ff; the daemon chooses one otherwise"),
    OPTIONAL_TEXT("ipv4", 0, 18, "A.B.C.D/N; empty while unknown"),
    {0}};
static const struct schema schema_network = {"Network", "A network device and where it is plugged in.",
                                             network_fields};

static const struct schema_field block_fields[] = {
    TEXT("device", 1, 67, "as the image's manifest calls it"),
    OPTIONAL_TEXT("volume", 1, 128, "the volume's name; the device's name otherwise"),
    OPTIONAL_INTEGER("sector_size_bytes", 512, 65536, NULL),
    {0}};
static const struct schema schema_block = {"Block", "A block device and its volume.", block_fields};

static const struct schema_field port_fields[] = {
    OPTIONAL_TEXT("device", 0, 67, "the first network device otherwise"),
    INTEGER("host", 0, 65535, "0 takes a free port"),
    INTEGER("guest", 1, 65535, NULL),
    OPTIONAL_CHOICE("protocol", protocols, "tcp otherwise"),
    OPTIONAL_TEXT("address", 0, 45, "the host's; 127.0.0.1 otherwise"),
    {0}};
static const struct schema schema_port = {"Port", "A port of the host that shall lead into the guest.",
                                          port_fields};

static const struct schema_field open_port_fields[] = {
    OPTIONAL_TEXT("device", 0, 67, "absent: the first network device"),
    INTEGER("host", 1, 65535, NULL),
    INTEGER("guest", 1, 65535, NULL),
    CHOICE("protocol", protocols, NULL),
    TEXT("address", 1, 45, "the host's"),
    OPTIONAL_TEXT("url", 1, 0, "where a browser finds it"),
    {0}};
static const struct schema schema_open_port = {"OpenPort", "A port of the host that leads into the guest.",
                                               open_port_fields};

static const struct schema_field unikernel_fields[] = {
    TEXT("name", 1, UNIKERNEL_NAME_MAX, NULL),
    CHOICE("state", states, NULL),
    CHOICE("health", healths, "whether it answers its checks; none: not asked, or no verdict yet"),
    TEXT("reason", 0, 0, "why it failed, or empty"),
    CHOICE("tender", tenders, NULL),
    INTEGER("memory_mib", 0, COUNT_MAX, NULL),
    {"cpus", SCHEMA_INTEGERS, false, 0, COUNT_MAX, 0, NULL, NULL, "processors it may use; empty: any"},
    TEXT("digest", 64, 64, "SHA-256 of its image"),
    TIME("created", "when it was deployed"),
    {"started", SCHEMA_TEXT, true, 24, 24, 0, NULL, NULL,
     "when it last started, RFC 3339 in UTC with milliseconds"},
    OPTIONAL_INTEGER("exit_status", 0, 255, "how it last ended"),
    INTEGER("restarts", 0, COUNT_MAX, NULL),
    {"restart", SCHEMA_CHOICE_OR_INTEGERS, false, 0, 255, 256, restarts, NULL, "when it is started again"},
    {"networks", SCHEMA_OBJECTS, false, 0, 0, 0, NULL, &schema_network, NULL},
    {"blocks", SCHEMA_OBJECTS, false, 0, 0, 0, NULL, &schema_block, NULL},
    {"ports", SCHEMA_OBJECTS, false, 0, 0, 0, NULL, &schema_open_port, "with the host's real ports"},
    {"arguments", SCHEMA_TEXTS, false, 0, 0, 0, NULL, NULL, NULL},
    INTEGER("pid", 0, COUNT_MAX, "0 when it does not run"),
    {0}};
const struct schema schema_unikernel = {"Unikernel", "A unikernel, running or not.", unikernel_fields};

static const struct schema_field deployment_fields[] = {
    TEXT("name", 1, UNIKERNEL_NAME_MAX, NULL),
    TEXT("image", 64, 64, "SHA-256 of an image in the store"),
    INTEGER("memory_mib", 1, 1 << 24, NULL),
    {"cpus", SCHEMA_INTEGERS, true, 0, 4095, 256, NULL, NULL, "processors it may use; any otherwise"},
    {"networks", SCHEMA_OBJECTS, true, 0, 0, 64, NULL, &schema_network, NULL},
    {"blocks", SCHEMA_OBJECTS, true, 0, 0, 64, NULL, &schema_block, NULL},
    {"ports", SCHEMA_OBJECTS, true, 0, 0, 256, NULL, &schema_port, NULL},
    {"arguments", SCHEMA_TEXTS, true, 0, 4096, 128, NULL, NULL, "given to the image at every start"},
    {"restart", SCHEMA_CHOICE_OR_INTEGERS, true, 0, 255, 256, restarts, NULL,
     "never otherwise; numbers are exit statuses"},
    OPTIONAL_INTEGER("startup", 0, 1000, "place in the order of the host's start"),
    OPTIONAL_CHOICE("tender", tender_wishes, "any otherwise"),
    OPTIONAL_BOOLEAN("force", "replace a unikernel of this name"),
    {0}};
const struct schema schema_deployment = {"Deployment", "Creates and starts a unikernel.", deployment_fields};

static const struct schema_field device_fields[] = {
    TEXT("name", 1, 67, NULL), CHOICE("type", device_types, NULL), {0}};
static const struct schema schema_device = {"Device", "A device that the image's manifest declares.",
                                            device_fields};

static const struct schema_field image_fields[] = {
    TEXT("digest", 64, 64, "SHA-256"),
    INTEGER("size_bytes", 0, 0, NULL),
    TIME("added", "when it came into the store"),
    CHOICE("target", targets, "the tender it is built for"),
    INTEGER("min_memory_mib", 0, COUNT_MAX, "least memory it runs in"),
    {"devices", SCHEMA_OBJECTS, false, 0, 0, 0, NULL, &schema_device, NULL},
    {"arguments", SCHEMA_TEXTS, false, 0, 0, 0, NULL, NULL, "boot arguments that it understands"},
    {"used_by", SCHEMA_TEXTS, false, 0, 0, 0, NULL, NULL, "names of unikernels"},
    {0}};
const struct schema schema_image = {"Image", "An image in the store.", image_fields};

static const struct schema_field new_upload_fields[] = {
    INTEGER("size_bytes", 1, UPLOAD_SIZE_MAX, NULL), TEXT("name", 1, 255, "of the file, for people"), {0}};
const struct schema schema_new_upload = {"NewUpload", "Begins an upload.", new_upload_fields};

static const struct schema_field upload_fields[] = {
    TEXT("id", 32, 32, NULL),
    INTEGER("offset_bytes", 0, UPLOAD_SIZE_MAX, "how much has arrived"),
    OPTIONAL_INTEGER("size_bytes", 1, UPLOAD_SIZE_MAX, NULL),
    OPTIONAL_TEXT("name", 1, 255, NULL),
    {"image", SCHEMA_OBJECT, true, 0, 0, 0, NULL, &schema_image, NULL},
    {0}};
const struct schema schema_upload = {
    "Upload", "An upload: how far it is, and the image once all has arrived.", upload_fields};

static const struct schema_field failure_fields[] = {TEXT("what", 0, 0, "what failed: which object: why"),
                                                     TEXT("hint", 0, 0, "what to do about it, or empty"),
                                                     {0}};
static const struct schema schema_failure = {"Failure", "Why something failed.", failure_fields};

static const struct schema_field error_fields[] = {
    {"error", SCHEMA_OBJECT, false, 0, 0, 0, NULL, &schema_failure, NULL}, {0}};
const struct schema schema_error = {"Error", "Every answer that is not a success.", error_fields};

const struct schema *const schema_all[] = {
    &schema_setup_state, &schema_setup,      &schema_credentials,
    &schema_session,     &schema_host,       &schema_network,
    &schema_block,       &schema_port,       &schema_open_port,
    &schema_unikernel,   &schema_deployment, &schema_device,
    &schema_image,       &schema_new_upload, &schema_upload,
    &schema_failure,     &schema_error,      NULL,
};

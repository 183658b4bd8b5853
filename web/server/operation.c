/* operation.c: what the REST interface can do; see operation.h. */
#include "operation.h"

#include "account.h"
#include "console.h"
#include "event.h"
#include "host.h"
#include "image.h"
#include "unikernel.h"
#include "upload.h"

#define JSON_LIMIT 65536 /* bytes: the largest deployment fits many times */

static const struct operation_parameter console_parameters[] = {{"tail", false, false, "integer"},
                                                                {"after", false, false, "integer"},
                                                                {"Last-Event-ID", true, false, "integer"},
                                                                {0}};
static const struct operation_parameter event_parameters[] = {{"Last-Event-ID", true, false, "integer"}, {0}};
static const struct operation_parameter patch_parameters[] = {{"Upload-Offset", true, true, "integer"}, {0}};

/* Rows of the common kinds. */
#define READ(path, id, shape, kind, summary, handler)                                                        \
    {                                                                                                        \
        REQUEST_GET, path, id, OPERATION_SESSION, false, OPERATION_NO_BODY, 0, 200, kind, NULL, shape, NULL, \
            summary, handler, NULL                                                                           \
    }
#define OPEN_READ(path, id, shape, kind, summary, handler)                                                   \
    {                                                                                                        \
        REQUEST_GET, path, id, OPERATION_PUBLIC, false, OPERATION_NO_BODY, 0, 200, kind, NULL, shape, NULL,  \
            summary, handler, NULL                                                                           \
    }
#define ACT(path, id, shape, summary, handler)                                                               \
    {                                                                                                        \
        REQUEST_POST, path, id, OPERATION_SESSION, true, OPERATION_NO_BODY, 0, 200, OPERATION_ONE, NULL,     \
            shape, NULL, summary, handler, NULL                                                              \
    }
#define MAKE(path, id, auth, csrf, status, from, to, summary, handler)                                       \
    {                                                                                                        \
        REQUEST_POST, path, id, auth, csrf, OPERATION_JSON, JSON_LIMIT, status, OPERATION_ONE, from, to,     \
            NULL, summary, handler, NULL                                                                     \
    }
#define REMOVE(path, id, summary, handler)                                                                   \
    {                                                                                                        \
        REQUEST_DELETE, path, id, OPERATION_SESSION, true, OPERATION_NO_BODY, 0, 204, OPERATION_NOTHING,     \
            NULL, NULL, NULL, summary, handler, NULL                                                         \
    }
#define FOLLOW(path, id, parameters, summary, handler)                                                       \
    {                                                                                                        \
        REQUEST_GET, path, id, OPERATION_SESSION, false, OPERATION_NO_BODY, 0, 200, OPERATION_EVENTS, NULL,  \
            NULL, parameters, summary, handler, NULL                                                         \
    }

/* clang-format off */
const struct operation operation_table[] = {
    OPEN_READ("/setup", "getSetup", &schema_setup_state, OPERATION_ONE, "Whether the first administrator is still to be made", account_setup_state),
    MAKE("/setup", "setUp", OPERATION_PUBLIC, false, 201, &schema_setup, &schema_session, "Make the first administrator and sign in", account_setup),
    MAKE("/session", "signIn", OPERATION_PUBLIC, false, 200, &schema_credentials, &schema_session, "Sign in", account_sign_in),
    READ("/session", "getSession", &schema_session, OPERATION_ONE, "Who is signed in", account_session),
    REMOVE("/session", "signOut", "Sign out", account_sign_out),
    READ("/host", "getHost", &schema_host, OPERATION_ONE, "What the host offers and what is used of it", host_get),
    READ("/unikernels", "listUnikernels", &schema_unikernel, OPERATION_ARRAY, "All unikernels, running or not", unikernel_list),
    MAKE("/unikernels", "deployUnikernel", OPERATION_SESSION, true, 201, &schema_deployment, &schema_unikernel, "Deploy a unikernel", unikernel_deploy),
    READ("/unikernels/{name}", "getUnikernel", &schema_unikernel, OPERATION_ONE, "One unikernel", unikernel_get),
    REMOVE("/unikernels/{name}", "destroyUnikernel", "End a unikernel and forget it", unikernel_destroy),
    ACT("/unikernels/{name}/stop", "stopUnikernel", &schema_unikernel, "Stop a unikernel and keep it", unikernel_stop),
    ACT("/unikernels/{name}/start", "startUnikernel", &schema_unikernel, "Start a stopped unikernel", unikernel_start),
    ACT("/unikernels/{name}/restart", "restartUnikernel", &schema_unikernel, "Start a unikernel anew", unikernel_restart),
    FOLLOW("/unikernels/{name}/console", "followConsole", console_parameters, "Console lines as they come, from `after` on or the last `tail`", console_follow),
    FOLLOW("/events", "followEvents", event_parameters, "Changes of unikernels as they happen", event_follow),
    MAKE("/uploads", "beginUpload", OPERATION_SESSION, true, 201, &schema_new_upload, &schema_upload, "Begin the upload of an image", upload_create),
    READ("/uploads/{id}", "getUpload", &schema_upload, OPERATION_ONE, "How far an upload is", upload_get),
    {REQUEST_PATCH, "/uploads/{id}", "writeUpload", OPERATION_SESSION, true, OPERATION_BYTES, UPLOAD_SIZE_MAX, 200, OPERATION_ONE, NULL, &schema_upload,
     patch_parameters, "Append to an upload; the last byte puts the image into the store", NULL, upload_open},
    REMOVE("/uploads/{id}", "dropUpload", "Give an upload up", upload_delete),
    READ("/images", "listImages", &schema_image, OPERATION_ARRAY, "All images in the store", image_list),
    READ("/images/{digest}", "getImage", &schema_image, OPERATION_ONE, "One image", image_get),
    REMOVE("/images/{digest}", "removeImage", "Remove an image that no unikernel uses", image_remove),
    OPEN_READ("/openapi.json", "getOpenApi", NULL, OPERATION_DOCUMENT, "This interface as an OpenAPI 3.1 document", openapi_get),
};
/* clang-format on */

const size_t operation_count = sizeof operation_table / sizeof operation_table[0];

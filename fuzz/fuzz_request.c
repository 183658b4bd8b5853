/* fuzz_request.c: any bytes as a body of JSON: what passes the shape must become a message that can be sent.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "host/buffer.h"
#include "host/error.h"
#include "web/server/deploy.h"
#include "web/server/request.h"
#include "web/server/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_deployment(const json_t *json)
{
    struct deploy deploy;
    struct error err;
    cleanup_buffer struct buffer out = {0};
    if (deploy_read(&deploy, json, &err) == 0 &&
        wire_encode(&wire_type_deploy, &deploy.message, &out, &err) < 0)
        abort();
    deploy_free(&deploy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request *request = calloc(1, sizeof *request);
    struct error err;
    if (request == NULL || (size > 0 && buffer_append(&request->body, data, size) < 0))
        abort();
    if (request_parse_json(request, &err) == 0) {
        for (size_t i = 0; schema_all[i] != NULL; i++)
            schema_check(schema_all[i], request->json, &err);
        if (schema_check(&schema_deployment, request->json, &err) == 0)
            send_deployment(request->json);
    }
    request_free(request);
    free(request);
    return 0;
}

/* tls.c: the certificate that the server shows; see tls.h. */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"

#define TLS_FILE_MAX (256 * 1024) /* bytes of a PEM file */
#define TLS_YEARS    10

static int read_pem(const char *path, char **text, struct error *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno, "read certificate", path, NULL);
    *text = calloc(1, TLS_FILE_MAX + 1);
    if (*text == NULL)
        return error_set(err, ENOMEM, "read certificate", path, NULL);
    ssize_t size = fd_read_all(fd, *text, TLS_FILE_MAX);
    if (size < 0)
        return error_set(err, (int)-size, "read certificate", path, NULL);
    return 0;
}

static int take_fingerprint(struct certificate *certificate, const char *path, struct error *err)
{
    gnutls_x509_crt_t chain[8];
    unsigned count = 8;
    uint8_t hash[32];
    size_t size = sizeof hash;
    gnutls_datum_t pem = {(unsigned char *)certificate->certificate,
                          (unsigned)strlen(certificate->certificate)};
    int code = gnutls_x509_crt_list_import(chain, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return error_set(err, EINVAL, "read certificate", path, "%s", gnutls_strerror(code));
    code = count > 0 ? gnutls_x509_crt_get_fingerprint(chain[0], GNUTLS_DIG_SHA256, hash, &size) : -1;
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(chain[i]);
    if (code < 0)
        return error_set(err, EINVAL, "read certificate", path, "no certificate in it");
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(certificate->fingerprint + 3 * i, 4, "%02X%s", hash[i], i + 1 < sizeof hash ? ":" : "");
    return 0;
}

/* GnuTLS itself says whether the key fits the certificate. */
static int check_pair(const struct certificate *certificate, const char *path, struct error *err)
{
    gnutls_certificate_credentials_t both;
    gnutls_datum_t pem = {(unsigned char *)certificate->certificate,
                          (unsigned)strlen(certificate->certificate)};
    gnutls_datum_t key = {(unsigned char *)certificate->key, (unsigned)strlen(certificate->key)};
    if (gnutls_certificate_allocate_credentials(&both) < 0)
        return error_set(err, ENOMEM, "read certificate", path, NULL);
    int code = gnutls_certificate_set_x509_key_mem(both, &pem, &key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(both);
    if (code < 0)
        return error_set(err, EINVAL, "read key", path, "%s", gnutls_strerror(code));
    return 0;
}

int tls_load(struct certificate *certificate, const char *certificate_path, const char *key_path,
             struct error *err)
{
    *certificate = (struct certificate){0};
    int result = read_pem(certificate_path, &certificate->certificate, err);
    if (result == 0)
        result = read_pem(key_path, &certificate->key, err);
    if (result == 0)
        result = take_fingerprint(certificate, certificate_path, err);
    if (result == 0)
        result = check_pair(certificate, key_path, err);
    if (result < 0)
        tls_free(certificate);
    return result;
}

void tls_free(struct certificate *certificate)
{
    if (certificate->key != NULL)
        gnutls_memset(certificate->key, 0, strlen(certificate->key));
    free(certificate->certificate);
    free(certificate->key);
    *certificate = (struct certificate){0};
}

/* Names the certificate by the address that is listened on, and by localhost. */
static int name_certificate(gnutls_x509_crt_t certificate, const char *host)
{
    unsigned char address[16];
    char bare[64];
    size_t size = 0;
    snprintf(bare, sizeof bare, "%s", host[0] == '[' ? host + 1 : host);
    bare[strcspn(bare, "]")] = '\0';
    if (inet_pton(AF_INET, bare, address) == 1)
        size = 4;
    else if (inet_pton(AF_INET6, bare, address) == 1)
        size = 16;
    int code = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                                    GNUTLS_FSAN_SET);
    if (code >= 0 && size > 0)
        code = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address,
                                                    (unsigned)size, GNUTLS_FSAN_APPEND);
    return code >= 0 ? gnutls_x509_crt_set_dn(certificate, "CN=bivy-web", NULL) : code;
}

static int sign_certificate(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const char *host)
{
    unsigned char serial[16];
    time_t now = time(NULL);
    gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 1);
    int code = gnutls_x509_crt_set_version(certificate, 3);
    if (code >= 0)
        code = gnutls_x509_crt_set_serial(certificate, serial, sizeof serial);
    if (code >= 0)
        code = gnutls_x509_crt_set_activation_time(certificate, now - 3600);
    if (code >= 0)
        code = gnutls_x509_crt_set_expiration_time(certificate, now + TLS_YEARS * 365 * 24 * 3600L);
    if (code >= 0)
        code = name_certificate(certificate, host);
    if (code >= 0)
        code = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    if (code >= 0)
        code = gnutls_x509_crt_set_key(certificate, key);
    return code >= 0 ? gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0) : code;
}

static int write_pem(const char *path, const gnutls_datum_t *pem, struct error *err)
{
    unlink(path);
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int result = fd < 0 ? -errno : fd_write_all(fd, pem->data, pem->size);
    if (result == 0 && fsync(fd) < 0)
        result = -errno;
    return result < 0 ? error_set(err, -result, "write certificate", path, NULL) : 0;
}

static int make_own(const char *certificate_path, const char *key_path, const char *host, struct error *err)
{
    gnutls_x509_crt_t certificate = NULL;
    gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t certificate_pem = {0};
    gnutls_datum_t key_pem = {0};
    int result = 0;
    int code = gnutls_x509_privkey_init(&key);
    if (code >= 0)
        code = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (code >= 0)
        code = gnutls_x509_crt_init(&certificate);
    if (code >= 0)
        code = sign_certificate(certificate, key, host);
    if (code >= 0)
        code = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem);
    if (code >= 0)
        code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificate_pem);
    if (code < 0)
        result = error_set(err, EIO, "make certificate", host, "%s", gnutls_strerror(code));
    /* The key first: a certificate on the disk means that both are there. */
    if (result == 0)
        result = write_pem(key_path, &key_pem, err);
    if (result == 0)
        result = write_pem(certificate_path, &certificate_pem, err);
    gnutls_free(key_pem.data);
    gnutls_free(certificate_pem.data);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
    return result;
}

int tls_load_own(struct certificate *certificate, const char *state_directory, const char *host,
                 struct error *err)
{
    char certificate_path[PATH_MAX];
    char key_path[PATH_MAX];
    int result = path_join(certificate_path, state_directory, "web-certificate.pem", err);
    if (result == 0)
        result = path_join(key_path, state_directory, "web-key.pem", err);
    if (result == 0 && access(certificate_path, F_OK) < 0)
        result = make_own(certificate_path, key_path, host, err);
    return result < 0 ? result : tls_load(certificate, certificate_path, key_path, err);
}

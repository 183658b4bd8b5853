/*
 * tls.h: the certificate that the server shows.
 *
 * A given one, or a self-signed one that is made once and kept in the state directory, so that the
 * fingerprint which somebody compared stays the same.
 */
#ifndef WEB_SERVER_TLS_H
#define WEB_SERVER_TLS_H

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

#define TLS_FINGERPRINT_SIZE 96 /* bytes of "AA:BB:..." of a SHA-256, zero included */

struct error;

struct certificate {
    char *certificate; /* owned; PEM */
    char *key;         /* owned; PEM */
    char fingerprint[TLS_FINGERPRINT_SIZE];
};

/* Reads two PEM files and checks that they belong together. -EINVAL with ERR naming the file. */
int tls_load(struct certificate *certificate, const char *certificate_path, const char *key_path,
             struct error *err);

/* Reads STATE/web-certificate.pem and STATE/web-key.pem, or makes them for HOST first. */
int tls_load_own(struct certificate *certificate, const char *state_directory, const char *host,
                 struct error *err);

void tls_free(struct certificate *certificate);

#endif

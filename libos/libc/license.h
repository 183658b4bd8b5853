/*
 * license.h: included before every source of musl: it leaves its licence in each image that links any
 * of it, once (a COMDAT group), for the Bivy note and `bivy inspect --licenses`.
 */
__asm__(".pushsection .bivy.licenses.musl,\"aG\",@progbits,bivy_license_musl,comdat\n"
        ".ascii \"musl MIT\\n\"\n"
        ".popsection\n");

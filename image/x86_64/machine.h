/* machine.h: the processor whose images are accepted. */
#ifndef IMAGE_X86_64_MACHINE_H
#define IMAGE_X86_64_MACHINE_H

#include <elf.h>

#define IMAGE_MACHINE EM_X86_64

#endif

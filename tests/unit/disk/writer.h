/* writer.h - what the process to be killed and the test that kills it agree on. */
#ifndef DISK_WRITER_H
#define DISK_WRITER_H

/* Changes that are asked for and not yet answered. */
#define WRITER_AT_ONCE 24u

#endif

/*
 * frame.c - any bytes as frames: every decoder, and what was decoded is encoded again.
 *
 * Goal: no read past the input, no crash, and decode(encode(x)) = x for whatever was accepted.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[WTL__FRAME_MAX];

/* Encodes again what was accepted, and wants the same struct back. */
#define AGAIN(put, get)                                                                            \
    do {                                                                                           \
        struct wtl__frame again_;                                                                  \
        size_t used_ = 0;                                                                          \
        size_t size_ = (put);                                                                      \
        if (size_ > 0) {                                                                           \
            if (wtl__frame_next(out, size_, &again_, &used_) != WTL_OK || used_ != size_ ||        \
                (get) != WTL_OK) {                                                                 \
                abort();                                                                           \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static void control(const struct wtl__frame *frame)
{
    static struct wtl__roster roster, roster_back;
    struct wtl__hello hello, hello_back;
    struct wtl__welcome welcome;
    struct wtl__refuse refuse;
    struct wtl__beat beat;
    struct wtl__attach attach, attach_back;
    struct wtl__detach detach;
    struct wtl__names_frame names, names_back;
    enum wtl_status status;
    if (wtl__get_hello(frame, &hello) == WTL_OK) {
        AGAIN(wtl__put_hello(out, sizeof out, &hello), wtl__get_hello(&again_, &hello_back));
        if (hello.node != hello_back.node || strcmp(hello.name, hello_back.name) != 0) {
            abort();
        }
    }
    if (wtl__get_names(frame, &names) == WTL_OK) {
        AGAIN(wtl__put_names(out, sizeof out, &names), wtl__get_names(&again_, &names_back));
        if (!wtl_pid_equal(names.pid, names_back.pid) || names.epoch != names_back.epoch) {
            abort();
        }
    }
    if (wtl__get_attach(frame, &attach) == WTL_OK) {
        AGAIN(wtl__put_attach(out, sizeof out, &attach), wtl__get_attach(&again_, &attach_back));
        if (attach.leaf != attach_back.leaf || attach.proof_size != attach_back.proof_size) {
            abort();
        }
    }
    if (wtl__get_roster(frame, &roster) == WTL_OK) {
        AGAIN(wtl__put_roster(out, sizeof out, &roster), wtl__get_roster(&again_, &roster_back));
    }
    (void)(wtl__get_welcome(frame, &welcome) == WTL_OK);
    (void)(wtl__get_refuse(frame, &refuse) == WTL_OK);
    (void)(wtl__get_beat(frame, &beat) == WTL_OK);
    (void)(wtl__get_detach(frame, &detach) == WTL_OK);
    (void)(wtl__get_goodbye(frame, &status) == WTL_OK);
}

static void data_lane(const struct wtl__frame *frame)
{
    struct wtl__open open;
    struct wtl__ack ack;
    struct wtl__mail mail, back;
    uint8_t head[WTL__MAIL_HEAD_MAX];
    size_t used;
    (void)(wtl__get_open(frame, &open) == WTL_OK);
    (void)(wtl__get_ack(frame, &ack) == WTL_OK);
    if (wtl__get_mail(frame->payload, frame->size, &mail, &used) == WTL_OK) {
        size_t size = wtl__put_mail(head, &mail);
        if (used > frame->size || wtl__get_mail(head, size, &back, &used) != WTL_OK ||
            back.to != mail.to || back.request != mail.request || used != size) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    while (size > 0) {
        struct wtl__frame frame;
        size_t used = 0;
        if (wtl__frame_next(data, size, &frame, &used) != WTL_OK) {
            break;
        }
        if (used == 0 || used > size) {
            abort();
        }
        control(&frame);
        data_lane(&frame);
        data += used;
        size -= used;
    }
    return 0;
}

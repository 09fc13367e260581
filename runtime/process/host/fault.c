/*
 * fault.c - a fault is noted on the board, and kills then as it would have.
 *
 * The handler runs on a stack of its own, notes where it was, then the frames that led there, and
 * gives the signal back to the kernel: the node sees the true signal, and knows the place besides.
 * A stack that cannot be read kills while it is read, when the rest is noted. All of it is safe in
 * a handler: glibc's backtrace() is once it was called before, which loads what it needs.
 */
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module/fault.h"
#include "process/host/host.h"

#define STACK_BYTES 65536u
/* How far from the end of the stack a fault still is one of the stack. */
#define NEAR_BYTES 65536u

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};

static struct {
    struct wtl__board *board;
    uintptr_t stack_low;
    uintptr_t module_base;
    uintptr_t module_begin;
    uintptr_t module_end;
    uint32_t libraries;
} noted;

/* What is in the handler's own frames, besides those that led to the fault. */
#define OWN_FRAMES 8

static void note_frames(uintptr_t pc)
{
    void *all[WTL__BOARD_FRAMES + OWN_FRAMES];
    int count = backtrace(all, (int)WTL_COUNT(all));
    int at = 0;
    while (at < count && (uintptr_t)all[at] != pc) {
        at++;
    }
    wtl__board_frames(noted.board, all + at, count - at);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    uintptr_t pc = wtl__fault_pc(context);
    uintptr_t address = (uintptr_t)info->si_addr;
    struct wtl__notes notes = {.signal = (uint32_t)signal,
                               .address = info->si_code > 0 ? address : 0,
                               .pc = pc,
                               .in_module = pc >= noted.module_begin && pc < noted.module_end};
    notes.pc -= notes.in_module ? noted.module_base : 0;
    notes.overflow = signal == SIGSEGV && info->si_code > 0 && noted.stack_low != 0 &&
                     address - (noted.stack_low - NEAR_BYTES) < 2 * NEAR_BYTES;
    wtl__board_fault(noted.board, &notes);
    note_frames(pc);
    if (info->si_code <= 0) {
        (void)raise(signal); /* it was sent; what the code has raised comes again by itself */
    }
}

static uintptr_t find_stack_low(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        (void)pthread_attr_getstack(&attributes, &low, &size);
        (void)pthread_attr_destroy(&attributes);
    }
    return (uintptr_t)low;
}

void wtl__host_catch_faults(struct wtl__board *board)
{
    static uint8_t memory[STACK_BYTES];
    void *frame[1];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    (void)backtrace(frame, 1);
    noted.board = board;
    noted.stack_low = find_stack_low();
    if (sigaltstack(&stack, NULL) == 0) {
        for (size_t i = 0; i < WTL_COUNT(signals); i++) {
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

/* Where this file of code stands on the board; NULL: nowhere. */
static struct wtl__board_place *place_for(const struct dl_phdr_info *info, bool is_module)
{
    uint32_t at = is_module                    ? WTL__PLACE_MODULE
                  : info->dlpi_name[0] == '\0' ? WTL__PLACE_PROGRAM
                                               : WTL__PLACE_PROGRAM + 1 + noted.libraries++;
    return at < WTL__BOARD_PLACES ? &noted.board->places[at] : NULL;
}

static int note_place(struct dl_phdr_info *info, size_t size, void *address)
{
    (void)size;
    uintptr_t begin = UINTPTR_MAX;
    uintptr_t end = 0;
    for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD) {
            uintptr_t low = info->dlpi_addr + segment->p_vaddr;
            begin = low < begin ? low : begin;
            end = low + segment->p_memsz > end ? low + segment->p_memsz : end;
        }
    }
    bool is_module = (uintptr_t)address >= begin && (uintptr_t)address < end;
    if (is_module) {
        noted.module_base = info->dlpi_addr;
        noted.module_begin = begin;
        noted.module_end = end;
    }
    struct wtl__board_place *place = place_for(info, is_module);
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash != NULL ? slash + 1 : info->dlpi_name;
    if (place != NULL) {
        *place = (struct wtl__board_place){.begin = begin, .end = end, .base = info->dlpi_addr};
        (void)snprintf(place->name, sizeof place->name, "%s", name);
    }
    return 0;
}

void wtl__host_note_module(const void *address)
{
    (void)dl_iterate_phdr(note_place, (void *)(uintptr_t)address);
}

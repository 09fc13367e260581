/* fault_log.c - the report of a fault that was contained. See fault.h. */
#include "module/fault.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "module/module.h"

/* One frame: "clean_handle+0x1f", or as much of that as is known. */
static void frame_text(char *text_out, size_t size, uintptr_t pc)
{
    const struct wtl__place *place = wtl__place_of(pc);
    uint64_t into = 0;
    const char *symbol = place != NULL && place->module != NULL
                             ? wtl__elf_symbol(&place->module->elf, pc - place->base, &into)
                             : NULL;
    Dl_info info;
    if (symbol == NULL && dladdr((const void *)pc, &info) != 0 && info.dli_sname != NULL) {
        symbol = info.dli_sname;
        into = pc - (uintptr_t)info.dli_saddr;
    }
    if (symbol != NULL) {
        (void)snprintf(text_out, size, "%.80s+%#llx", symbol, (unsigned long long)into);
    } else if (place != NULL) {
        (void)snprintf(text_out, size, "%s+%#llx", place->name,
                       (unsigned long long)(pc - place->base));
    } else {
        (void)snprintf(text_out, size, "%#llx", (unsigned long long)pc);
    }
}

static void frames_text(const struct wtl__fault *fault, char *text_out, size_t size)
{
    size_t used = 0;
    text_out[0] = '\0';
    for (uint32_t i = 0; i < fault->frames_count; i++) {
        char frame[128];
        uintptr_t pc = (uintptr_t)fault->frames[i] - (i > 0 ? 1 : 0);
        frame_text(frame, sizeof frame, pc);
        int added = snprintf(text_out + used, size - used, "%s%s", i > 0 ? " < " : "", frame);
        if (added < 0 || (size_t)added >= size - used) {
            text_out[used] = '\0';
            return;
        }
        used += (size_t)added;
    }
}

void wtl__fault_log(const struct wtl__fault *fault, const struct wtl__ctx *x)
{
    const struct wtl__cell *cell = x->cell;
    const struct wtl__module *module = fault->place->module;
    char pid[48];
    char tag[16] = "";
    char at[80];
    char address[24];
    char frames[WTL__LOG_VALUE_MAX];
    (void)snprintf(pid, sizeof pid, "%u.%llu", cell->slot, (unsigned long long)cell->generation);
    (void)snprintf(at, sizeof at, "%s+%#llx", module->entry->name,
                   (unsigned long long)(fault->pc - fault->place->base));
    (void)snprintf(address, sizeof address, "%#llx", (unsigned long long)fault->address);
    if (x->current != NULL) {
        (void)wtl_tag_text(x->current->msg.tag, tag);
    }
    frames_text(fault, frames, sizeof frames);
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "module_fault",
             WTL__LOG_TEXT("signal", wtl__fault_word(fault)), WTL__LOG_TEXT("at", at),
             WTL__LOG_TEXT("module", module->entry->name),
             WTL__LOG_TEXT("version", module->entry->version),
             WTL__LOG_TEXT("actor", cell->name != NULL ? cell->name : cell->type->name),
             WTL__LOG_TEXT("type", cell->type->name), WTL__LOG_TEXT("pid", pid),
             WTL__LOG_TEXT("message", tag), WTL__LOG_TEXT("address", address),
             WTL__LOG_TEXT("frames", frames));
}

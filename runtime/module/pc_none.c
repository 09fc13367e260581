/* pc_none.c - a kind of processor that is not known here: no fault is attributed. See fault.h. */
#include "module/fault.h"

uintptr_t wtl__fault_pc(const void *context)
{
    (void)context;
    return 0;
}

/* pc_arm.c - where a signal has met this kind of processor. See fault.h. */
#include <ucontext.h>

#include "module/fault.h"

uintptr_t wtl__fault_pc(const void *context)
{
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.arm_pc;
}

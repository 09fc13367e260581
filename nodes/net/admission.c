/* admission.c - see admission.h. */
#include "net/admission.h"

#include "base/attr.h"

void wtl__admission_init(struct wtl__admission *admission, uint64_t seed)
{
    *admission = (struct wtl__admission){0};
    wtl__prng_init(&admission->prng, seed);
}

void wtl__admission_deinit(struct wtl__admission *admission)
{
    WTL_ASSERT(admission->in_flight == 0);
}

bool wtl__admission_enter(struct wtl__admission *admission)
{
    uint32_t above = admission->in_flight - WTL__ADMISSION_EARLY;
    bool drop = admission->in_flight >= WTL__ADMISSION_MAX;
    if (!drop && admission->in_flight >= WTL__ADMISSION_EARLY) {
        uint32_t percent = WTL__ADMISSION_PERCENT + (100u - WTL__ADMISSION_PERCENT) * above /
                                                        (WTL__ADMISSION_MAX - WTL__ADMISSION_EARLY);
        drop = wtl__prng_below(&admission->prng, 100) < percent;
    }
    if (drop) {
        admission->count.dropped++;
        return false;
    }
    admission->in_flight++;
    admission->count.accepted++;
    return true;
}

void wtl__admission_leave(struct wtl__admission *admission)
{
    WTL_ASSERT(admission->in_flight > 0);
    admission->in_flight--;
}

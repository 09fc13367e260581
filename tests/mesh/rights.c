/* rights.c - the table of layer and verb. */
#include "core_kit.h"

#include "actor/message.h"

static const uint8_t layers[] = {WTL_LAYER_DEVICE, WTL_LAYER_EDGE, WTL_LAYER_CLOUD};

Test(mesh_rights, X026_a_device_ends_no_actor_elsewhere)
{
    for (size_t i = 0; i < 3; i++) {
        const uint8_t to = layers[i];
        cr_expect_not(wtl__core_allows(WTL_LAYER_DEVICE, to, WTL__EXIT_SEND));
        cr_expect(wtl__core_allows(WTL_LAYER_EDGE, to, WTL__EXIT_SEND));
        cr_expect(wtl__core_allows(WTL_LAYER_CLOUD, to, WTL__EXIT_SEND));
        for (size_t j = 0; j < 3; j++) {
            for (int kind = WTL__MESSAGE; kind <= WTL__KIND_LAST_WIRE; kind++) {
                cr_expect(kind == WTL__EXIT_SEND || wtl__core_allows(layers[j], to, (uint8_t)kind));
            }
        }
    }
}

Test(mesh_rights, X026_what_is_not_in_the_table_is_denied)
{
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        cr_expect(!wtl__core_allows(0, WTL_LAYER_EDGE, (uint8_t)kind));
        cr_expect(!wtl__core_allows(4, WTL_LAYER_EDGE, (uint8_t)kind));
        cr_expect(!wtl__core_allows(WTL_LAYER_CLOUD, 0, (uint8_t)kind));
        cr_expect(!wtl__core_allows(WTL_LAYER_CLOUD, 4, (uint8_t)kind));
        if (kind == 0 || kind > WTL__KIND_LAST_WIRE) {
            cr_expect(!wtl__core_allows(WTL_LAYER_CLOUD, WTL_LAYER_CLOUD, (uint8_t)kind));
        }
    }
}

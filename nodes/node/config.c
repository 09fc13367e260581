/* config.c - see config.h. */
#include "node/config.h"

#include <stdio.h>

#include "net/address.h"

static enum wtl_status check_joins(const struct wtl__node_config *config, struct wtl_error *error)
{
    if (config->joins_count > WTL__JOINS_MAX) {
        return wtl_fail(error, WTL_CONFIG,
                        "%u addresses to join, and %u are the most; a few are enough, the others "
                        "are learned from them",
                        config->joins_count, WTL__JOINS_MAX);
    }
    for (uint32_t i = 0; i < config->joins_count; i++) {
        struct wtl__address address;
        enum wtl_status status = wtl__address_parse(config->joins[i], false, &address, error);
        if (status != WTL_OK) {
            return wtl_while(error, status, "join");
        }
        if (strlen(config->joins[i]) > WTL_NAME_MAX) {
            return wtl_fail(error, WTL_CONFIG, "join: an address of %zu bytes, and %u are the most",
                            strlen(config->joins[i]), WTL_NAME_MAX);
        }
    }
    return WTL_OK;
}

enum wtl_status wtl__node_config_check(const struct wtl__node_config *config, enum wtl_layer layer,
                                       struct wtl_error *error)
{
    if (layer == WTL_LAYER_DEVICE && config->listen != NULL) {
        return wtl_fail(error, WTL_CONFIG,
                        "a device does not listen, it dials out only: leave out --listen, or "
                        "issue an identity of layer edge or cloud");
    }
    if (config->advertise != NULL && config->listen == NULL) {
        return wtl_fail(error, WTL_CONFIG, "an address to advertise (%s) needs --listen HOST:PORT",
                        config->advertise);
    }
    if (config->stop_ms > WTL__STOP_MS_MAX) {
        return wtl_fail(error, WTL_CONFIG, "%u ms to stop, and %u are the most", config->stop_ms,
                        WTL__STOP_MS_MAX);
    }
    if (config->memory_max != 0 && config->memory_max < WTL__MEMORY_MAX_MIN) {
        return wtl_fail(error, WTL_CONFIG, "a memory cap of %llu bytes, and %d are the least",
                        (unsigned long long)config->memory_max, WTL__MEMORY_MAX_MIN);
    }
    return check_joins(config, error);
}

void wtl__node_config_core(const struct wtl__node_config *config,
                           const struct wtl_identity *identity, uint64_t node, uint64_t seed,
                           struct wtl__core_config *core_out)
{
    bool device = identity->layer == WTL_LAYER_DEVICE;
    *core_out = (struct wtl__core_config){.node = node,
                                          .layer = (uint8_t)identity->layer,
                                          .link_class = config->link_class,
                                          .joins_count = config->joins_count,
                                          .seed = seed};
    if (core_out->link_class == 0) {
        core_out->link_class = device ? WTL__CLASS_WAN : WTL__CLASS_LAN;
    }
    memcpy(core_out->name, identity->name, sizeof core_out->name);
    for (uint32_t i = 0; i < config->joins_count; i++) {
        (void)snprintf(core_out->joins[i], sizeof core_out->joins[i], "%s", config->joins[i]);
    }
}

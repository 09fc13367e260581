/*
 * pack.c - a checked flow to msgpack. Pure functions; owns nothing.
 */
#include "flow/pack.h"

static void put_text(const struct wtl_flow_ast *ast, struct wtl_flow_text text,
                     struct wtl_writer *w)
{
    wtl_put_str(w, wtl_flow_str(ast, text), text.size);
}

static void put_settings(const struct wtl_flow_ast *ast, uint16_t stage, struct wtl_writer *w)
{
    uint32_t count = 0;
    for (uint16_t i = 0; i < ast->setting_count; i++) {
        count += ast->settings[i].stage == stage ? 1 : 0;
    }
    wtl_put_array(w, count);
    for (uint16_t i = 0; i < ast->setting_count; i++) {
        const struct wtl_flow_setting *setting = &ast->settings[i];
        if (setting->stage == stage) {
            wtl_put_array(w, 3);
            put_text(ast, setting->key, w);
            wtl_put_u64(w, setting->value.kind);
            put_text(ast, setting->value.text, w);
        }
    }
}

static void put_stage(const struct wtl_flow_ast *ast, uint16_t index, struct wtl_writer *w)
{
    const struct wtl_flow_stage *stage = &ast->stages[index];
    wtl_put_map(w, 7);
    WTL_PUT_KEY(w, "name");
    put_text(ast, stage->name, w);
    WTL_PUT_KEY(w, "module");
    put_text(ast, stage->module, w);
    WTL_PUT_KEY(w, "actor");
    put_text(ast, stage->actor, w);
    WTL_PUT_KEY(w, "place");
    wtl_put_array(w, 3);
    wtl_put_u64(w, stage->place.kind);
    wtl_put_u64(w, stage->place.layer);
    put_text(ast, stage->place.name, w);
    WTL_PUT_KEY(w, "copies");
    wtl_put_u64(w, stage->copies);
    WTL_PUT_KEY(w, "at");
    wtl_put_array(w, 2);
    wtl_put_u64(w, stage->at.line);
    wtl_put_u64(w, stage->at.column);
    WTL_PUT_KEY(w, "settings");
    put_settings(ast, index, w);
}

static void put_chain(const struct wtl_flow_ast *ast, const struct wtl_flow_chain *chain,
                      struct wtl_writer *w)
{
    wtl_put_map(w, 2);
    WTL_PUT_KEY(w, "mode");
    wtl_put_u64(w, chain->mode);
    WTL_PUT_KEY(w, "steps");
    wtl_put_array(w, chain->step_count);
    for (uint16_t s = 0; s < chain->step_count; s++) {
        const struct wtl_flow_step *step = &ast->steps[chain->first_step + s];
        wtl_put_array(w, 3);
        wtl_put_u64(w, step->kind);
        wtl_put_u64(w, step->arrow);
        wtl_put_array(w, step->ref_count);
        for (uint16_t r = 0; r < step->ref_count; r++) {
            wtl_put_u64(w, ast->refs[step->first_ref + r].stage);
        }
    }
}

enum wtl_status wtl_flow_to_pack(const struct wtl_flow_ast *ast, struct wtl_writer *writer)
{
    if (!ast->checked) {
        return WTL_INVALID;
    }
    wtl_put_map(writer, 5);
    WTL_PUT_KEY(writer, "v");
    wtl_put_u64(writer, WTL_FLOW_PACK_VERSION);
    WTL_PUT_KEY(writer, "name");
    put_text(ast, ast->name, writer);
    WTL_PUT_KEY(writer, "uses");
    wtl_put_array(writer, ast->use_count);
    for (uint16_t i = 0; i < ast->use_count; i++) {
        wtl_put_array(writer, 2);
        put_text(ast, ast->uses[i].module, writer);
        put_text(ast, ast->uses[i].version, writer);
    }
    WTL_PUT_KEY(writer, "stages");
    wtl_put_array(writer, ast->stage_count);
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        put_stage(ast, i, writer);
    }
    WTL_PUT_KEY(writer, "chains");
    wtl_put_array(writer, ast->chain_count);
    for (uint16_t i = 0; i < ast->chain_count; i++) {
        put_chain(ast, &ast->chains[i], writer);
    }
    return writer->failed ? WTL_FULL : WTL_OK;
}

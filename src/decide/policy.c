/* A policy: reading its parts, and freeing it. */
#include "decide/policy.h"

#include <math.h>
#include <string.h>

void
up_policy_free(up_policy *p)
{
    if (p == NULL) {
        return;
    }
    for (int64_t i = 0; p->input != NULL && i < p->n_inputs; i++) {
        upi_policy_input *in = &p->input[i];
        for (int64_t l = 0; in->label != NULL && l < in->n_levels; l++) {
            upi_free(in->label[l]);
        }
        upi_free(in->name);
        upi_free(in->label);
        upi_free(in->level);
    }
    for (int64_t k = 0; p->arm != NULL && k < p->n_arms; k++) {
        upi_free(p->arm[k]);
    }
    upi_lattice_free(&p->lattice);
    upi_notes_free(&p->notes);
    upi_free(p->metric);
    upi_free(p->salt);
    upi_free(p->arm);
    upi_free(p->input);
    upi_free(p->feature);
    upi_free(p->mean);
    upi_free(p->covariance);
    upi_free(p->by_features);
    upi_free(p->average);
    upi_free(p->unsupported);
    upi_free(p->base);
    upi_free(p->stride);
    upi_free(p->table);
    upi_free(p->table_known);
    upi_free(p);
}

const char *
upi_policy_algorithm_name(int64_t algorithm)
{
    static const char *const names[] = {"thompson", "argmax", "top-two", "tempered"};
    return algorithm >= 0 && algorithm < 4 ? names[algorithm] : NULL;
}

int64_t
up_policy_arms(const up_policy *p)
{
    return p->n_arms;
}

const char *
up_policy_arm(const up_policy *p, int64_t arm)
{
    return arm >= 0 && arm < p->n_arms ? p->arm[arm] : NULL;
}

int64_t
up_policy_inputs(const up_policy *p)
{
    return p->n_inputs;
}

up_policy_input_info
up_policy_input(const up_policy *p, int64_t input)
{
    if (input < 0 || input >= p->n_inputs) {
        return (up_policy_input_info){0};
    }
    const upi_policy_input *in = &p->input[input];
    return (up_policy_input_info){in->name, in->n_levels, in->missing ? 1 : 0};
}

const char *
up_policy_level_label(const up_policy *p, int64_t input, int64_t level)
{
    if (input < 0 || input >= p->n_inputs || level < 0 ||
        level >= p->input[input].n_levels) {
        return NULL;
    }
    return p->input[input].label[level];
}

int64_t
up_policy_level(const up_policy *p, int64_t input, const char *label)
{
    for (int64_t l = 0; input >= 0 && input < p->n_inputs && label != NULL &&
                        l < p->input[input].n_levels;
         l++) {
        if (strcmp(p->input[input].label[l], label) == 0) {
            return l;
        }
    }
    return -1;
}

int64_t
up_policy_contexts(const up_policy *p)
{
    return p->n_table;
}

void
up_policy_context(const up_policy *p, int64_t i, double *context)
{
    for (int64_t k = 0; k < p->n_inputs; k++) {
        const upi_policy_input *in = &p->input[k];
        int64_t levels = in->n_levels + (in->missing ? 1 : 0);
        int64_t level = i / p->stride[k] % levels;
        context[k] = level < in->n_levels ? (double)level : (double)NAN;
    }
}

void
up_policy_base(const up_policy *p, double *probability)
{
    memcpy(probability, p->base, (size_t)p->n_arms * sizeof *probability);
}

up_policy_info
up_policy_describe(const up_policy *p)
{
    return (up_policy_info){.algorithm = p->algorithm,
        .algorithm_name = upi_policy_algorithm_name(p->algorithm),
        .floor = p->floor,
        .metric = p->metric,
        .minimize = p->minimize,
        .estimand = p->itt ? "itt" : "ate",
        .salt = p->salt,
        .unknown = p->unknown,
        .fingerprint = p->fingerprint,
        .rows = p->rows};
}

int64_t
up_policy_notes(const up_policy *p)
{
    return p->notes.n;
}

up_note
up_policy_note(const up_policy *p, int64_t i)
{
    return i >= 0 && i < p->notes.n ? p->notes.items[i] : (up_note){0};
}

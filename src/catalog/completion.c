/* Completion for bash from the catalog: verbs, then options, then choices of an option. */
#include "catalog/verbs.h"

#include <string.h>

static void
add_options(upi_text *t, const up_option *options)
{
    for (const up_option *o = options; o->name != NULL; o++) {
        if (o->positional == 0) {
            upi_text_addf(t, " --%s", o->name);
        }
    }
}

static void
add_words(upi_text *t, const char *choices)
{
    for (; *choices != '\0'; choices++) {
        upi_text_add_char(t, (char)(*choices == '|' ? ' ' : *choices));
    }
}

static void
add_verb_case(upi_text *t, const up_verb *v)
{
    upi_text_addf(t, "    %s)\n        case $before in\n", v->name);
    for (const up_option *o = v->options; o->name != NULL; o++) {
        if (o->choices != NULL && o->positional == 0) {
            upi_text_addf(t, "        --%s) words='", o->name);
            add_words(t, o->choices);
            upi_text_add(t, "' ;;\n");
        }
    }
    upi_text_add(t, "        *) words='");
    add_options(t, v->options);
    if (!upi_verb_is_own(v)) {
        add_options(t, up_catalog_globals());
    }
    upi_text_add(t, "' ;;\n        esac ;;\n");
}

up_status
up_catalog_completion(const char *shell, char **out, up_error *err)
{
    UP_GUARD(err);
    up_status status = UP_OK;
    upi_text t = {0};
    if (shell != NULL && strcmp(shell, "bash") != 0) {
        (void)upi_fail(
            err, UP_E_USAGE, "shell", "there is no completion for '%s'", shell);
        return upi_fix(err, "upshot completion bash");
    }
    upi_text_add(&t, "# bash completion for upshot; source this file\n"
                     "_upshot() {\n"
                     "    local now=${COMP_WORDS[COMP_CWORD]}\n"
                     "    local before=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    local words=\n"
                     "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                     "        words='help");
    for (int64_t i = 0; upi_catalog_page(i) != NULL; i++) {
        upi_text_addf(&t, " %s", upi_catalog_page(i)->name);
    }
    upi_text_add(&t, "'\n    else\n    case ${COMP_WORDS[1]} in\n");
    for (int64_t i = 0; upi_catalog_page(i) != NULL; i++) {
        add_verb_case(&t, upi_catalog_page(i));
    }
    upi_text_add(&t, "    esac\n    fi\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$now\"))\n"
                     "}\n"
                     "complete -o default -F _upshot upshot\n");
    UP_TRY(upi_text_take(&t, out, err));
out:
    upi_text_free(&t);
    return status;
}

/* A request that has been checked against the catalog: every value has the right type and
 * range, defaults are filled in. */
#ifndef UPI_REQUEST_H
#define UPI_REQUEST_H

#include "base/json.h"

#include <upshot/catalog.h>

typedef struct upi_value {
    bool given;  /* by the caller, not by default */
    char **text; /* (n) */
    int64_t n;
    int64_t integer; /* also the index of a choice, and 1 for a flag that is set */
    double number;
} upi_value;

typedef struct upi_request {
    const up_verb *verb;
    upi_value *value; /* one per option of the verb */
    int64_t n_options;
} upi_request;

up_status upi_request_make(const up_verb *verb, const up_argument *arguments, int64_t n,
    upi_request *out, up_error *err);
void upi_request_clear(upi_request *q);

/* Values by option name, which must be one of the verb's. */
const upi_value *upi_request_value(const upi_request *q, const char *name);
bool upi_request_has(
    const upi_request *q, const char *name); /* the verb has the option */
const char *upi_request_text(
    const upi_request *q, const char *name); /* NULL = not given */
bool upi_request_flag(const upi_request *q, const char *name);
int64_t upi_request_integer(const upi_request *q, const char *name);
double upi_request_number(const upi_request *q, const char *name);
/* --planned, 0 where it was not given. */
double upi_request_planned(const upi_request *q);
/* --accept names the code. */
bool upi_request_accepts(const upi_request *q, const char *code);
/* The numbers of a list; NULL where it was not given. The example goes into the fix. UP_E_USAGE. */
up_status upi_request_numbers(const upi_request *q, const char *name,
    const char *example, double **out, up_error *err);

/* The texts of a value as a member of a JSON object. */
void upi_json_put_list(upi_json *j, const char *name, const upi_value *v);

/* True when two option names are the same, '_' and '-' counting as equal. */
bool upi_option_same(const char *a, const char *b);
/* The option of the verb with this name, or NULL. */
const up_option *upi_option_find(const up_option *options, const char *name);

#endif

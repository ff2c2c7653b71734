/* The schema of a made-up shop, with the names a hostile data set may have. */
#include "up_design.h"

#include <string.h>

/* Filled once per process, in the same way each time. */
up_source *
up_schema_source(void)
{
    static char names[][48] = {"arm", "treated", "z", "p", "w", "week", "day", "at",
        "household", "store", "shopper", "country", "age", "member", "sales", "clicks",
        "views", "converted", "sales_before", "usd", "eur", "'; DROP TABLE x; --",
        "say \"hi\"", "größe", "a > 1", "ratio(clicks, views)", "line\nbreak", "flag",
        "tags"};
    static const upi_type types[] = {UPI_STR, UPI_I64, UPI_I64, UPI_F64, UPI_F64,
        UPI_I64, UPI_DATE, UPI_TIME, UPI_I64, UPI_STR, UPI_I64, UPI_STR, UPI_F64,
        UPI_BOOL, UPI_F64, UPI_I64, UPI_I64, UPI_BOOL, UPI_F64, UPI_F64, UPI_F64,
        UPI_F64, UPI_STR, UPI_F64, UPI_F64, UPI_F64, UPI_F64, UPI_F64, UPI_STR};
    enum { N = sizeof types / sizeof types[0] };
    static char native[] = "any";
    static char name[] = "schema";
    static upi_field fields[N];
    static up_source source;
    for (int i = 0; i < N; i++) {
        fields[i] =
            (upi_field){.name = names[i], .type = types[i], .native_type = native};
    }
    fields[N - 1].refused = true; /* a list */
    memset(&source, 0, sizeof source);
    source.name = name;
    source.fields = fields;
    source.n_fields = N;
    return &source;
}

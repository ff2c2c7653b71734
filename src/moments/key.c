/* The levels of a finished key: value, number, label. */
#include "moments/build.h"

#include <math.h>
#include <string.h>

upi_cell
upi_key_cell(const upi_key *k, int64_t level)
{
    if (k->type == UPI_STR) {
        const char *label = k->label[level];
        return (upi_cell){.text = upi_str_make(label, (uint32_t)strlen(label))};
    }
    return k->type == UPI_F64 ? upi_cell_double(k->number[level])
                              : upi_cell_integer(k->integer[level]);
}

up_status
upi_key_room(upi_key *k, int64_t n, up_error *err)
{
    up_status status = UP_OK;
    UP_TRY(UP_NEW(&k->number, n, err));
    UP_TRY(UP_NEW(&k->label, n, err));
    if (k->type != UPI_F64 && k->type != UPI_STR) {
        UP_TRY(UP_NEW(&k->integer, n, err));
    }
out:
    return status;
}

up_status
upi_key_add(upi_key *k, const upi_cell *cell, up_error *err)
{
    up_status status = UP_OK;
    int64_t i = k->n_levels;
    UP_TRY(upi_cell_label(k->type, cell, &k->label[i], err));
    k->n_levels++;
    k->number[i] = upi_cell_number(k->type, cell);
    if (k->integer != NULL) {
        k->integer[i] = (int64_t)cell->word[0];
    }
    if (k->type == UPI_STR) {
        size_t n = upi_str_length(&cell->text);
        if (strlen(k->label[i]) != n || !upi_utf8_valid(k->label[i], n)) {
            (void)upi_fail(err, UP_E_TYPE, k->name,
                "'%s' has a value that is not UTF-8 text", k->name);
            status = upi_fix(err, "convert the column to UTF-8");
        }
    }
out:
    return status;
}

up_status
upi_key_add_missing(upi_key *k, up_error *err)
{
    up_status status = UP_OK;
    int64_t i = k->n_levels;
    UP_TRY(upi_strdup_to(&k->label[i], "(missing)", err));
    k->number[i] = NAN;
    k->missing_level = i;
    k->n_levels++;
out:
    return status;
}

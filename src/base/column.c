/* Names of the column types, as people and messages call them. */
#include "base/column.h"

const char *
upi_type_name(upi_type type)
{
    switch (type) {
    case UPI_F64:
        return "number";
    case UPI_I64:
        return "integer";
    case UPI_BOOL:
        return "boolean";
    case UPI_STR:
        return "text";
    case UPI_DATE:
        return "date";
    case UPI_TIME:
        return "timestamp";
    }
    return "unknown";
}

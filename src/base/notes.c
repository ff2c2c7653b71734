/* The list of notes that a result carries. A note with the same code and field replaces the
 * earlier one, so that a step that runs twice does not say everything twice. */
#include "base/notes.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

const char *
up_note_name(up_note_code code)
{
    switch (code) {
#define CASE_NAME(name, number, sentence)                                              \
    case UP_##name:                                                                    \
        return #name;
        UP_NOTE_LIST(CASE_NAME)
#undef CASE_NAME
    }
    return "N_UNKNOWN";
}

const char *
up_note_text(up_note_code code)
{
    switch (code) {
#define CASE_TEXT(name, number, sentence)                                              \
    case UP_##name:                                                                    \
        return sentence;
        UP_NOTE_LIST(CASE_TEXT)
#undef CASE_TEXT
    }
    return "a note this version does not know";
}

static up_status
put(upi_notes *notes, const up_note *note, up_error *err)
{
    up_status status = UP_OK;
    for (int64_t i = 0; i < notes->n; i++) {
        if (notes->items[i].code == note->code &&
            strcmp(notes->items[i].field, note->field) == 0) {
            notes->items[i] = *note;
            return UP_OK;
        }
    }
    UP_TRY(UP_RESERVE(&notes->items, &notes->capacity, notes->n + 1, err));
    notes->items[notes->n++] = *note;
out:
    return status;
}

up_status
upi_notes_add(upi_notes *notes, up_note_code code, const char *field, double number,
    double threshold, up_error *err, const char *fmt, ...)
{
    up_note note;
    memset(&note, 0, sizeof note);
    note.code = code;
    note.severity = up_note_name(code)[0] == 'W' ? UP_WARNING : UP_NOTE;
    note.number = number;
    note.threshold = threshold;
    upi_line_copy(note.field, sizeof note.field, field);
    va_list args;
    va_start(args, fmt);
    upi_line_format(note.text, sizeof note.text, fmt, args);
    va_end(args);
    return put(notes, &note, err);
}

up_status
upi_notes_append(upi_notes *notes, const upi_notes *more, up_error *err)
{
    if (notes == more) {
        return UP_OK;
    }
    /* All the room first: either every note arrives or none. */
    up_status status = UP_OK;
    UP_TRY(UP_RESERVE(&notes->items, &notes->capacity, notes->n + more->n, err));
    for (int64_t i = 0; i < more->n; i++) {
        UP_TRY(put(notes, &more->items[i], err));
    }
out:
    return status;
}

void
upi_notes_free(upi_notes *notes)
{
    upi_free(notes->items);
    *notes = (upi_notes){0};
}

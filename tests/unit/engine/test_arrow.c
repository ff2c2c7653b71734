/* Arrow streams made by hand: every format, offsets, nulls, dictionaries, several batches,
 * and streams that are damaged. The stream and its batches are released exactly once. */
#include "engine_support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 24, MAX_BATCHES = 3 };

/* One column of one batch, as literal buffers. */
typedef struct made_array {
    const void *buffers[5];
    int64_t n_buffers, length, offset;
    const struct made_array *dictionary;
} made_array;

typedef struct made_stream {
    int64_t n_columns, n_batches, at;
    const char *formats[MAX_COLUMNS], *dictionaries[MAX_COLUMNS], *names[MAX_COLUMNS];
    made_array arrays[MAX_BATCHES][MAX_COLUMNS];
    int64_t rows[MAX_BATCHES], offset[MAX_BATCHES], nulls;
    int fail_schema, fail_batch;
    int64_t lose_columns;
    int released, live;
} made_stream;

typedef struct schema_holder {
    made_stream *stream;
    struct ArrowSchema children[MAX_COLUMNS], dictionaries[MAX_COLUMNS];
    struct ArrowSchema *pointers[MAX_COLUMNS];
} schema_holder;

static void
schema_release(struct ArrowSchema *s)
{
    schema_holder *h = s->private_data;
    h->stream->live--;
    free(h);
    s->release = NULL;
}

static int
get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    made_stream *m = stream->private_data;
    if (m->fail_schema) {
        return EIO;
    }
    schema_holder *h = calloc(1, sizeof *h);
    h->stream = m;
    m->live++;
    for (int64_t i = 0; i < m->n_columns; i++) {
        h->children[i].format = m->formats[i];
        h->children[i].name = m->names[i];
        if (m->dictionaries[i] != NULL) {
            h->dictionaries[i].format = m->dictionaries[i];
            h->children[i].dictionary = &h->dictionaries[i];
        }
        h->pointers[i] = &h->children[i];
    }
    *out = (struct ArrowSchema){.format = "+s",
        .n_children = m->n_columns,
        .children = h->pointers,
        .release = schema_release,
        .private_data = h};
    return 0;
}

typedef struct batch_holder {
    made_stream *stream;
    struct ArrowArray children[MAX_COLUMNS], dictionaries[MAX_COLUMNS];
    struct ArrowArray *pointers[MAX_COLUMNS];
    const void *buffers[MAX_COLUMNS][5], *more[MAX_COLUMNS][5];
} batch_holder;

static void
batch_release(struct ArrowArray *a)
{
    batch_holder *h = a->private_data;
    h->stream->live--;
    free(h);
    a->release = NULL;
}

static void
fill_array(struct ArrowArray *to, const made_array *from, const void **buffers)
{
    memcpy(buffers, from->buffers, sizeof from->buffers);
    to->length = from->length;
    to->offset = from->offset;
    to->n_buffers = from->n_buffers;
    to->buffers = buffers;
}

static int
get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    made_stream *m = stream->private_data;
    memset(out, 0, sizeof *out);
    if (m->at == m->n_batches) {
        return m->fail_batch ? EIO : 0;
    }
    batch_holder *h = calloc(1, sizeof *h);
    h->stream = m;
    m->live++;
    for (int64_t i = 0; i < m->n_columns; i++) {
        const made_array *a = &m->arrays[m->at][i];
        fill_array(&h->children[i], a, h->buffers[i]);
        if (a->dictionary != NULL) {
            fill_array(&h->dictionaries[i], a->dictionary, h->more[i]);
            h->children[i].dictionary = &h->dictionaries[i];
        }
        h->pointers[i] = &h->children[i];
    }
    *out = (struct ArrowArray){.length = m->rows[m->at],
        .offset = m->offset[m->at],
        .null_count = m->nulls,
        .n_children = m->n_columns - m->lose_columns,
        .children = h->pointers,
        .release = batch_release,
        .private_data = h};
    m->at++;
    return 0;
}

static const char *
last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the cable is cut";
}

static void
stream_release(struct ArrowArrayStream *stream)
{
    made_stream *m = stream->private_data;
    m->released++;
    stream->release = NULL;
}

static struct ArrowArrayStream
stream_of(made_stream *m)
{
    m->at = 0;
    m->released = 0;
    return (struct ArrowArrayStream){
        get_schema, get_next, last_error, stream_release, m};
}

static void
add(made_stream *m, const char *name, const char *format, made_array array)
{
    m->names[m->n_columns] = name;
    m->formats[m->n_columns] = format;
    array.length = array.length > 0 ? array.length : 3;
    m->arrays[0][m->n_columns++] = array;
}

static char *
read_all(made_stream *m)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    struct ArrowArrayStream stream = stream_of(m);
    assert_ok(up_source_from_arrow(&stream, &s, &err), &err);
    assert_null(stream.release);
    assert_int_equal(m->released, 1);
    assert_ok(engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), &err);
    char *text = engine_rows_text(&rows);
    engine_rows_free(&rows);
    up_source_free(s);
    assert_int_equal(m->live, 0);
    return text;
}

/* Bits 1 and 2 set, 0 clear: the first of three rows is null. */
static const uint8_t some[] = {0x06};

static void
test_numbers(void **state)
{
    (void)state;
    static const int8_t i8[] = {-1, 2, 3};
    static const uint8_t u8[] = {255, 2, 3};
    static const int16_t i16[] = {-300, 2, 3};
    static const uint16_t u16[] = {65535, 2, 3};
    static const int32_t i32[] = {-70000, 2, 3};
    static const uint32_t u32[] = {4294967295U, 2, 3};
    static const int64_t i64[] = {INT64_MIN, 2, 3};
    static const uint64_t u64[] = {7, 8, 9};
    static const uint64_t big[] = {UINT64_MAX, 8, 9};
    static const float f32[] = {0.5F, 2, 3};
    static const double f64[] = {0.1, 2, 3};
    static const uint8_t bits[] = {0x05};
    /* 12345 and -1 with two decimals, and 2^64 */
    static const uint64_t dec[] = {12345, 0, UINT64_MAX, UINT64_MAX, 0, 1};
    made_stream m = {.n_batches = 1, .rows = {3}};
    add(&m, "i8", "c", (made_array){.buffers = {NULL, i8}, .n_buffers = 2});
    add(&m, "u8", "C", (made_array){.buffers = {some, u8}, .n_buffers = 2});
    add(&m, "i16", "s", (made_array){.buffers = {NULL, i16}, .n_buffers = 2});
    add(&m, "u16", "S", (made_array){.buffers = {NULL, u16}, .n_buffers = 2});
    add(&m, "i32", "i", (made_array){.buffers = {NULL, i32}, .n_buffers = 2});
    add(&m, "u32", "I", (made_array){.buffers = {NULL, u32}, .n_buffers = 2});
    add(&m, "i64", "l", (made_array){.buffers = {NULL, i64}, .n_buffers = 2});
    add(&m, "u64", "L", (made_array){.buffers = {NULL, u64}, .n_buffers = 2});
    add(&m, "big", "L", (made_array){.buffers = {NULL, big}, .n_buffers = 2});
    add(&m, "f32", "f", (made_array){.buffers = {NULL, f32}, .n_buffers = 2});
    add(&m, "f64", "g", (made_array){.buffers = {some, f64}, .n_buffers = 2});
    add(&m, "b", "b", (made_array){.buffers = {NULL, bits}, .n_buffers = 2});
    add(&m, "dec", "d:38,2", (made_array){.buffers = {NULL, dec}, .n_buffers = 2});
    static const int32_t dec32[] = {-12345, 5, 0};
    static const int64_t dec64[] = {12345678901234, -5, 0};
    add(&m, "dec32", "d:9,2,32",
        (made_array){.buffers = {NULL, dec32}, .n_buffers = 2});
    add(&m, "dec64", "d:18,4,64",
        (made_array){.buffers = {NULL, dec64}, .n_buffers = 2});
    add(&m, "null", "n", (made_array){.buffers = {NULL}, .n_buffers = 0});
    char *text = read_all(&m);
    assert_string_equal(text,
        "-1|NULL|-300|65535|-70000|4294967295|-9223372036854775808|7|"
        "18446744073709551615|0.5|"
        "NULL|true|123.45|-123.45|1234567890.1234|NULL\n"
        "2|2|2|2|2|2|2|8|8|2|2|false|-0.01|0.05|-0.0005|NULL\n"
        "3|3|3|3|3|3|3|9|9|3|3|true|1.8446744073709552e+17|0|0|NULL\n");
    upi_free(text);
}

static void
test_times(void **state)
{
    (void)state;
    static const int32_t d32[] = {0, -1, 20000};
    static const int64_t d64[] = {86400000, -1, 0};
    static const int64_t ts[] = {1, -1, 1000000000};
    made_stream m = {.n_batches = 1, .rows = {3}};
    add(&m, "d32", "tdD", (made_array){.buffers = {NULL, d32}, .n_buffers = 2});
    add(&m, "d64", "tdm", (made_array){.buffers = {NULL, d64}, .n_buffers = 2});
    add(&m, "s", "tss:", (made_array){.buffers = {NULL, ts}, .n_buffers = 2});
    add(&m, "ms", "tsm:UTC", (made_array){.buffers = {NULL, ts}, .n_buffers = 2});
    add(&m, "us", "tsu:Europe/Berlin",
        (made_array){.buffers = {NULL, ts}, .n_buffers = 2});
    add(&m, "ns", "tsn:", (made_array){.buffers = {NULL, ts}, .n_buffers = 2});
    char *text = read_all(&m);
    assert_string_equal(text,
        "1970-01-01|1970-01-02|1970-01-01 00:00:01|1970-01-01 00:00:00.001|"
        "1970-01-01 00:00:00.000001|1970-01-01 00:00:00\n"
        "1969-12-31|1969-12-31|1969-12-31 23:59:59|1969-12-31 23:59:59.999|"
        "1969-12-31 23:59:59.999999|1969-12-31 23:59:59.999999\n"
        "2024-10-04|1970-01-01|2001-09-09 01:46:40|1970-01-12 13:46:40|"
        "1970-01-01 00:16:40|1970-01-01 00:00:01\n");
    upi_free(text);
}

static const int32_t offsets32[] = {0, 1, 1, 17};
static const int64_t offsets64[] = {0, 1, 1, 17};
static const char bytes[] = "aa longer text...";

static void
test_texts(void **state)
{
    (void)state;
    static const int32_t views[] = {1, 'a', 0, 0, 0, 0, 0, 0, 16, 'o' << 8, 0, 1};
    static const char far[] = "xa longer text...";
    static const int8_t codes[] = {1, 0, 2};
    static const uint8_t not_last[] = {0x03};
    static const int32_t word_offsets[] = {0, 3, 6, 9};
    const made_array words = {
        .buffers = {not_last, word_offsets, "onetwosix"}, .n_buffers = 3, .length = 3};
    made_stream m = {.n_batches = 1, .rows = {3}};
    add(&m, "u", "u",
        (made_array){.buffers = {NULL, offsets32, bytes}, .n_buffers = 3});
    add(&m, "large", "U",
        (made_array){.buffers = {some, offsets64, bytes}, .n_buffers = 3});
    add(&m, "vu", "vu",
        (made_array){.buffers = {NULL, views, far, offsets64}, .n_buffers = 4});
    add(&m, "dict", "c",
        (made_array){.buffers = {NULL, codes}, .n_buffers = 2, .dictionary = &words});
    m.dictionaries[3] = "u";
    char *text = read_all(&m);
    assert_string_equal(text,
        "a|NULL|a|two\n||" /* empty */
        "|one\na longer text...|a longer text...|a longer text...|NULL\n");
    upi_free(text);
}

/* Offsets of the batch and of the array add up; batches follow one another. */
static void
test_offsets_and_batches(void **state)
{
    (void)state;
    static const double x[] = {9, 9, 9, 1, 2, 3, 4};
    static const uint8_t valid[] = {0x5F}; /* bit 5 clear */
    static const double y[] = {5, 6};
    static const int32_t more[] = {0, 0, 0, 0, 1, 2, 3, 4};
    static const int32_t two[] = {0, 2, 4};
    made_stream m = {.n_batches = 3, .rows = {4, 0, 2}, .offset = {2, 0, 0}};
    add(&m, "x", "g",
        (made_array){.buffers = {valid, x}, .n_buffers = 2, .length = 6, .offset = 1});
    add(&m, "t", "u",
        (made_array){
            .buffers = {NULL, more, "abcd"}, .n_buffers = 3, .length = 6, .offset = 1});
    m.arrays[2][0] = (made_array){.buffers = {NULL, y}, .n_buffers = 2, .length = 2};
    m.arrays[2][1] =
        (made_array){.buffers = {NULL, two, "eeff"}, .n_buffers = 3, .length = 2};
    char *text = read_all(&m);
    assert_string_equal(text, "1|a\n2|b\nNULL|c\n4|d\n5|ee\n6|ff\n");
    upi_free(text);
}

static void
test_refused_types(void **state)
{
    (void)state;
    static const char *const formats[] = {"+l", "+s", "z", "Z", "e", "w:16", "ttu",
        "tDu", "d:38,2,256", "d:9,2,16", "d:x", "tsx:", "", "?"};
    made_stream m = {.n_batches = 0};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        static char names[16][4];
        names[i][0] = (char)('a' + (int)i);
        add(&m, names[i], formats[i], (made_array){.buffers = {NULL}, .n_buffers = 0});
    }
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    struct ArrowArrayStream stream = stream_of(&m);
    assert_ok(up_source_from_arrow(&stream, &s, &err), &err);
    for (int64_t i = 0; i < s->n_fields; i++) {
        assert_true(s->fields[i].refused);
        engine_rows rows = {.fail_at = -1};
        const char *name = s->fields[i].name;
        err = (up_error)UP_ERROR_INIT;
        assert_fails(
            engine_scan(s, &name, 1, NULL, NULL, NULL, &rows, &err), UP_E_TYPE, &err);
        engine_rows_free(&rows);
    }
    up_source_free(s);
}

static void
assert_refused(made_stream *m, up_status wanted, const char *word)
{
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    struct ArrowArrayStream stream = stream_of(m);
    assert_fails(up_source_from_arrow(&stream, &s, &err), wanted, &err);
    if (strstr(err.message, word) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, word);
    }
    assert_null(s);
    assert_null(stream.release);
    assert_int_equal(m->released, 1);
    assert_int_equal(m->live, 0);
    assert_int_equal(upi_mem_live(), 0);
}

static made_stream
sound(void)
{
    static const double x[] = {1, 2, 3};
    made_stream m = {.n_batches = 1, .rows = {3}};
    add(&m, "x", "g", (made_array){.buffers = {NULL, x}, .n_buffers = 2});
    add(&m, "t", "u",
        (made_array){.buffers = {NULL, offsets32, bytes}, .n_buffers = 3});
    return m;
}

static void
test_damaged(void **state)
{
    (void)state;
    made_stream m = sound();
    m.fail_schema = 1;
    assert_refused(&m, UP_E_SOURCE, "the cable is cut");
    m = sound();
    m.fail_batch = 1;
    assert_refused(&m, UP_E_SOURCE, "the cable is cut");
    m = sound();
    m.n_columns = 0;
    assert_refused(&m, UP_E_SOURCE, "does not hold rows of columns");
    m = sound();
    m.names[1] = NULL;
    assert_refused(&m, UP_E_ARGUMENT, "column 1 has no name");
    m = sound();
    m.names[1] = "x";
    assert_refused(&m, UP_E_ARGUMENT, "columns 1 and 2 have one name, 'x' and 'x'");
    m = sound();
    m.formats[0] = NULL;
    assert_refused(&m, UP_E_SOURCE, "no type for column 0");
    m = sound();
    m.lose_columns = 1;
    assert_refused(&m, UP_E_SOURCE, "1 columns");
    m = sound();
    m.rows[0] = -1;
    assert_refused(&m, UP_E_SOURCE, "-1 rows");
    m = sound();
    m.rows[0] = 4;
    assert_refused(&m, UP_E_SOURCE, "3 values for 4 rows");
    m = sound();
    m.nulls = 2;
    assert_refused(&m, UP_E_SOURCE, "null as a whole");
    m = sound();
    m.arrays[0][0].n_buffers = 1;
    assert_refused(&m, UP_E_SOURCE, "is damaged");
    m = sound();
    m.arrays[0][0].offset = -1;
    assert_refused(&m, UP_E_SOURCE, "is damaged");
    m = sound();
    m.arrays[0][0].buffers[1] = NULL;
    assert_refused(&m, UP_E_SOURCE, "is damaged");
    m = sound();
    static const int32_t falling[] = {0, 9, 4, 17};
    m.arrays[0][1].buffers[1] = falling;
    assert_refused(&m, UP_E_SOURCE, "is damaged");
    m = sound();
    static const int32_t negative[] = {-5, 0, 1, 2};
    m.arrays[0][1].buffers[1] = negative;
    assert_refused(&m, UP_E_SOURCE, "is damaged");
    m = sound();
    m.dictionaries[0] = "u"; /* and doubles are no indices: listed, but refused */
    m.formats[0] = "c";
    assert_refused(&m, UP_E_SOURCE, "has no dictionary");
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    assert_fails(up_source_from_arrow(NULL, &s, &err), UP_E_ARGUMENT, &err);
}

static void
test_index_outside(void **state)
{
    (void)state;
    static const int8_t codes[] = {0, 3, -1};
    static const int32_t word_offsets[] = {0, 3, 6, 9};
    const made_array words = {
        .buffers = {NULL, word_offsets, "onetwosix"}, .n_buffers = 3, .length = 3};
    made_stream m = {.n_batches = 1, .rows = {3}};
    add(&m, "dict", "c",
        (made_array){.buffers = {NULL, codes}, .n_buffers = 2, .dictionary = &words});
    m.dictionaries[0] = "u";
    up_error err = UP_ERROR_INIT;
    up_source *s = NULL;
    engine_rows rows = {.fail_at = -1};
    struct ArrowArrayStream stream = stream_of(&m);
    assert_ok(up_source_from_arrow(&stream, &s, &err), &err);
    assert_fails(
        engine_scan(s, NULL, 0, NULL, NULL, NULL, &rows, &err), UP_E_SOURCE, &err);
    assert_string_equal(err.field, "dict");
    engine_rows_free(&rows);
    up_source_free(s);
}

static up_status
take(void *ctx, up_error *err)
{
    (void)ctx;
    made_stream m = sound();
    up_source *s = NULL;
    struct ArrowArrayStream stream = stream_of(&m);
    up_status status = up_source_from_arrow(&stream, &s, err);
    up_source_free(s);
    assert_int_equal(m.live, 0);
    return status;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    up_sweep_memory(take, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_offsets_and_batches),
        cmocka_unit_test(test_refused_types),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_index_outside),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

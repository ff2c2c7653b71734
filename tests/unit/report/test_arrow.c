/* The rows of a result as an Arrow stream: values, nulls, what was moved, and bad calls. */
#include "report/result.h"
#include "up_test.h"

#include <upshot/source.h>

#include <math.h>
#include <string.h>

static const upi_sheet_column columns[] = {{"name", UPI_CELL_TEXT, false},
    {"x", UPI_CELL_NUMBER, false}, {"n", UPI_CELL_INTEGER, false}};

static up_status
fill(up_result *r, up_error *err)
{
    up_status status = UP_OK;
    static const char *const names[] = {"a", NULL, "l\303\244ngst"};
    static const double x[] = {0.1, NAN, -3e300};
    r->rows.columns = columns;
    r->rows.n_columns = 3;
    for (int64_t i = 0; i < 3; i++) {
        upi_cell *c = NULL;
        UP_TRY(upi_sheet_add(&r->rows, &c, err));
        UP_TRY(names[i] != NULL ? upi_cell_set(&c[0], names[i], err) : UP_OK);
        c[1].number = x[i];
        c[2].integer = INT64_MAX - i;
    }
out:
    return status;
}

static up_result *
made(void)
{
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    assert_ok(upi_result_make("effect", &r, &err), &err);
    assert_ok(fill(r, &err), &err);
    return r;
}

static void
check_schema(struct ArrowArrayStream *stream)
{
    static const char *const formats[] = {"u", "g", "l"};
    struct ArrowSchema schema;
    assert_int_equal(stream->get_schema(stream, &schema), 0);
    assert_string_equal(schema.format, "+s");
    assert_int_equal(schema.n_children, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(schema.children[i]->name, columns[i].name);
        assert_string_equal(schema.children[i]->format, formats[i]);
        assert_int_equal(schema.children[i]->flags, i == 1 ? ARROW_FLAG_NULLABLE : 0);
    }
    schema.release(&schema);
    assert_null(schema.release);
}

static void
test_rows(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_result *r = made();
    struct ArrowArrayStream stream;
    struct ArrowArray batch, end;
    assert_ok(up_result_arrow(r, &stream, &err), &err);
    up_result_free(r); /* the stream has copies */
    check_schema(&stream);
    check_schema(&stream); /* as often as is asked */
    assert_int_equal(stream.get_next(&stream, &batch), 0);
    assert_int_equal(stream.get_next(&stream, &end), 0);
    assert_null(end.release);
    stream.release(&stream);
    assert_null(stream.release);
    assert_int_equal(batch.length, 3);
    assert_int_equal(batch.n_children, 3);
    const int32_t *offsets = batch.children[0]->buffers[1];
    const char *bytes = batch.children[0]->buffers[2];
    assert_int_equal(offsets[1], 1);
    assert_int_equal(offsets[2], 1);
    assert_int_equal(offsets[3], 8);
    assert_memory_equal(bytes, "al\303\244ngst", 8);
    const double *x = batch.children[1]->buffers[1];
    const uint8_t *bits = batch.children[1]->buffers[0];
    assert_int_equal(bits[0], 5);
    assert_int_equal(batch.children[1]->null_count, 1);
    assert_close(x[0], 0.1, 0, 0);
    assert_close(x[2], -3e300, 0, 0);
    const int64_t *n = batch.children[2]->buffers[1];
    assert_true(n[0] == INT64_MAX && n[2] == INT64_MAX - 2);
    /* A consumer may move a child and release the rest. */
    struct ArrowArray moved = *batch.children[1];
    batch.children[1]->release = NULL;
    batch.release(&batch);
    assert_close(((const double *)moved.buffers[1])[2], -3e300, 0, 0);
    moved.release(&moved);
    assert_int_equal(upi_mem_live(), 0);
}

/* What comes out goes in again. */
static void
test_round(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_result *r = made();
    struct ArrowArrayStream stream;
    up_source *source = NULL;
    up_description *d = NULL;
    assert_ok(up_result_arrow(r, &stream, &err), &err);
    assert_ok(up_source_from_arrow(&stream, &source, &err), &err);
    assert_ok(up_source_describe(source, NULL, &d, &err), &err);
    assert_int_equal(up_description_rows(d), 3);
    assert_int_equal(up_description_column(d, 1).missing, 1);
    assert_string_equal(up_description_column(d, 2).type, "integer");
    up_description_free(d);
    up_source_free(source);
    up_result_free(r);
    assert_int_equal(upi_mem_live(), 0);
}

static void
test_nothing(void **state)
{
    (void)state;
    up_error err = UP_ERROR_INIT;
    up_result *r = NULL;
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    assert_ok(upi_result_make("guide", &r, &err), &err);
    assert_ok(up_result_arrow(r, &stream, &err), &err);
    assert_int_equal(stream.get_next(&stream, &batch), 0);
    assert_null(batch.release);
    stream.release(&stream);
    assert_fails(up_result_arrow(NULL, &stream, &err), UP_E_ARGUMENT, &err);
    err = (up_error)UP_ERROR_INIT;
    assert_fails(up_result_arrow(r, NULL, &err), UP_E_ARGUMENT, &err);
    up_result_free(r);
    assert_int_equal(upi_mem_live(), 0);
}

static up_status
make_stream(void *ctx, up_error *err)
{
    struct ArrowArrayStream stream;
    up_status status = up_result_arrow(ctx, &stream, err);
    if (status == UP_OK) {
        stream.release(&stream);
    }
    return status;
}

static void
test_memory(void **state)
{
    (void)state;
    up_result *r = made();
    up_sweep_memory(make_stream, r);
    up_result_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

# Shared by the tests of the program: a clean place, a plain environment, small data.
setup_place() {
    export LC_ALL=C.UTF-8 TERM=dumb
    unset UPSHOT_OUTPUT NO_COLOR CLICOLOR_FORCE COLUMNS
    cd "$BATS_TEST_TMPDIR" || return 1
}

# Makes the data once for all tests of a file.
make_shop() {
    cd "$BATS_FILE_TMPDIR" || return 1
    "$UPSHOT" simulate shop shop.parquet --units 4000 --arms 3 --seed 3 >/dev/null
    "$UPSHOT" simulate shop panel.csv --units 300 --weeks 3 --seed 3 >/dev/null
    "$UPSHOT" simulate shop mixed.parquet --units 3000 --clusters 400 --adaptive \
        --noncompliance two-sided --covariates 1 --seed 3 >/dev/null
}

shop() {
    echo "$BATS_FILE_TMPDIR/$1"
}

# run, with the streams kept apart: $out, $errors, $status
both() {
    status=0
    "$@" >"$BATS_TEST_TMPDIR/.out" 2>"$BATS_TEST_TMPDIR/.err" || status=$?
    out=$(cat "$BATS_TEST_TMPDIR/.out")
    errors=$(cat "$BATS_TEST_TMPDIR/.err")
}

# A refusal: the exit status, the code, one line and one line of what to do.
refused() {
    local wanted=$1 code=$2
    shift 2
    both "$@"
    if [ "$status" -ne "$wanted" ]; then
        echo "exit status $status, expected $wanted: $errors"
        return 1
    fi
    case $errors in
    "upshot: $code"*) ;;
    *)
        echo "expected $code, got: $errors"
        return 1
        ;;
    esac
    [ "$(printf '%s\n' "$errors" | wc -l)" -le 3 ]
    [ -z "$out" ]
    # The same in JSON, on standard output.
    both "$@" --json
    [ "$status" -eq "$wanted" ]
    [ "$(printf '%s' "$out" | jq -r '.ok, .code' | tr '\n' ' ')" = "false $code " ]
}

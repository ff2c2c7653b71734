#!/usr/bin/env bats
# Ctrl-C: the program ends within a second, says so, and leaves nothing behind.
load common
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    "$UPSHOT" simulate shop large.parquet --units 3000000 --covariates 6 --seed 1 >/dev/null
}
setup() { setup_place; }

# Starts a program, interrupts it after a while, and takes the time until it is gone.
interrupted() {
    local wait=$1
    shift
    "$@" >.out 2>.err &
    local pid=$!
    sleep "$wait"
    if ! kill -0 $pid 2>/dev/null; then
        skip "it was done before it could be interrupted"
    fi
    local before after
    before=$(date +%s%N)
    kill -INT $pid
    status=0
    wait $pid || status=$?
    after=$(date +%s%N)
    took=$(((after - before) / 1000000))
    [ "$status" -eq 130 ] || { echo "status $status"; cat .err; false; }
    [ "$took" -lt 1000 ] || { echo "took $took ms"; false; }
    grep -q '^upshot: E_STOPPED' .err
    [ "$(grep -c 'Do:' .err)" -eq 0 ]
    [ ! -s .out ]
}

@test "an interrupted effect" {
    mkdir spill
    interrupted 0.4 env -i UPSHOT_DUCKDB="$UPSHOT_DUCKDB" bash -c 'trap - INT; exec "$0" "$@"' "$UPSHOT" \
        effect "$BATS_FILE_TMPDIR/large.parquet" --itt arm --metric sales --covariates \
        c1,c2,c3,c4,c5,c6,device,spend_before --spill spill --threads 1
    [ -z "$(ls -A spill)" ]
}

@test "an interrupted simulation leaves no file" {
    interrupted 0.4 env -i UPSHOT_DUCKDB="$UPSHOT_DUCKDB" bash -c 'trap - INT; exec "$0" "$@"' "$UPSHOT" \
        simulate shop out.parquet --units 100000000
    [ -z "$(ls -A . | grep -v '^\.')" ]
}

#!/usr/bin/env bats
# What is said of data that are not what they seem, and of runs that were killed.
load common
setup() { setup_place; }

@test "two columns of one name are refused" {
    printf 'arm,Y,y\ncontrol,1,2\nb,2,3\ncontrol,3,5\nb,4,4\n' >two.csv
    refused 3 E_SOURCE "$UPSHOT" effect two.csv --itt arm --metric y
    refused 3 E_SOURCE "$UPSHOT" describe two.csv
    [[ $(jq -r .message <<<"$out") == *"'Y' and 'y'"* ]]
}

@test "a line with too many values is named" {
    { echo arm,y; for i in 1 2 3 4 5; do echo "control,$i"; echo "b,$i"; done; echo b,1,2; echo b,3; } >r.csv
    refused 3 E_SOURCE "$UPSHOT" effect r.csv --itt arm --metric y
    refused 3 E_SOURCE "$UPSHOT" describe r.csv
    [[ $(jq -r .message <<<"$out") == *"r.csv, line 12: 3 values"* ]]
    [ "$(jq -r .field <<<"$out")" = r.csv ]
}

@test "a compressed file that was cut short" {
    "$UPSHOT" simulate shop s.csv --units 400 --seed 1 >/dev/null
    gzip -c s.csv | head -c 6000 >cut.csv.gz
    refused 3 E_SOURCE "$UPSHOT" describe cut.csv.gz
    [[ $(jq -r .message <<<"$out") == *"cut.csv.gz, line "*"last line"* ]]
}

@test "a text column asked for as a number: its first value that is none" {
    awk 'BEGIN { print "arm,y,none"; for (i = 1; i <= 400; i++)
        print (i % 2 ? "control" : "b") "," (i == 77 ? "oops" : i) "," }' >t.csv
    refused 2 E_TYPE "$UPSHOT" effect t.csv --itt arm --metric y
    [[ $(jq -r .message <<<"$out") == *"'oops', in row 77" ]]
    refused 2 E_TYPE "$UPSHOT" effect t.csv --itt arm --metric none
    [[ $(jq -r .message <<<"$out") == *"no value in any of its 400 rows"* ]]
}

@test "failures to read name the file and what to do" {
    printf 'arm,y\n' >empty.csv
    refused 4 E_EMPTY "$UPSHOT" describe empty.csv
    jq -e '.field == "empty.csv" and .fix != ""' <<<"$out"
    refused 3 E_SOURCE "$UPSHOT" describe nothing.csv
    jq -e '.field == "nothing.csv" and .fix != ""' <<<"$out"
    printf 'arm,y,x\ncontrol,1,1\nb,2,2\n' >two.csv
    refused 4 E_EMPTY "$UPSHOT" effect two.csv --itt arm --metric y --filter 'x > 9'
    jq -e '.field == "filter" and .fix != ""' <<<"$out"
}

@test "weights and propensities out of range" {
    awk 'BEGIN { print "arm,y,w,p"; for (i = 1; i <= 40; i++)
        print (i % 2 ? "control" : "b") "," i % 7 "," (i == 3 ? -1 : 1) "," (i == 4 ? 1 : 0.5) }' >w.csv
    refused 4 E_WEIGHT "$UPSHOT" effect w.csv --itt arm --metric y --weight w
    refused 4 E_PROPENSITY "$UPSHOT" effect w.csv --itt arm --metric y --propensity p
}

@test "a control that was guessed is told" {
    awk 'BEGIN { print "arm,y,z,d"; for (i = 1; i <= 400; i++)
        print (i % 2 ? "new" : "old") "," i % 7 "," (int(i / 2) % 2 ? "q" : "p") "," (int(i / 2) % 2 && i % 5 ? 1 : 0) }' >c.csv
    "$UPSHOT" effect c.csv --itt arm --metric y --json >c.json
    jq -e '.warnings[] | select(.code == "N_CONTROL_CHOSEN") | .text | contains("'"'new'"'")' c.json
    "$UPSHOT" effect c.csv --itt arm --metric y --control old --json >c.json
    jq -e '[.warnings[].code] | index("N_CONTROL_CHOSEN") == null' c.json
    # the control of an instrument
    "$UPSHOT" effect c.csv --itt d --instrument z --metric y --json >z.json
    jq -e '.warnings[] | select(.code == "N_CONTROL_CHOSEN") | .field == "z"' z.json
    "$UPSHOT" effect c.csv --itt d --instrument z --metric y --control q --json >q.json
    jq -e '[.warnings[].code] | index("N_CONTROL_CHOSEN") == null' q.json
    jq -e -s '(.[0].rows[0].estimate - .[1].rows[0].estimate | fabs) < 1e-4' z.json q.json
}

@test "one bad cell in a covariate of numbers is told" {
    awk 'BEGIN { print "arm,y,x,g"; for (i = 1; i <= 400; i++)
        print (i % 2 ? "b" : "control") "," i % 7 "," (i % 100 == 9 ? "oops" : i % 19) "," "k" i % 19 }' >t.csv
    "$UPSHOT" effect t.csv --itt arm --metric y --covariates x --json >t.json
    jq -e '.warnings[] | select(.code == "W_TEXT_NUMBERS") | .field == "x" and (.text | contains("oops"))' t.json
    "$UPSHOT" fit t.csv --itt arm --metric y --covariates x --save t.parquet --quiet
    "$UPSHOT" effect t.parquet --json | jq -e '[.warnings[].code] | index("W_TEXT_NUMBERS") != null'
    "$UPSHOT" effect t.csv --itt arm --metric y --covariates g --json |
        jq -e '[.warnings[].code] | index("W_TEXT_NUMBERS") == null'
    sed '/oops/d' t.csv >u.csv
    "$UPSHOT" effect u.csv --itt arm --metric y --covariates x --json |
        jq -e '[.warnings[].code] | index("W_TEXT_NUMBERS") == null'
}

@test "three arms, one treatment, nobody in control treated" {
    awk 'BEGIN { print "z,d,y"; split("a b c", arm, " "); for (i = 0; i < 900; i++) {
        z = i % 3; d = z > 0 && i % 4 > 0; print arm[z + 1] "," d "," d + (i * 7) % 11 } }' >n.csv
    both "$UPSHOT" effect n.csv --itt z --treated d --metric y --json
    [ "$status" -eq 0 ]
    [[ $out == *'"compliance":"one-sided"'* ]]
    [[ $(jq -r .estimand <<<"$out") != *two-sided* ]]
    refused 4 E_ESTIMAND "$UPSHOT" effect n.csv --itt z --treated d --metric y --estimand att
    [[ $(jq -r .message <<<"$out") == *"3 arms for 2 treatments"* ]]
    both "$UPSHOT" check n.csv --itt z --treated d --metric y
    [[ $out == *"one-sided compliance"* ]]
}

@test "a number of few values stays one among many clusters" {
    awk 'BEGIN { print "arm,cl,eco,y"; for (i = 0; i < 230000; i++)
        print (i % 2 ? "control" : "b") "," i "," 80 + 20 * (int(i / 2) % 3) "," i % 17 }' >big.csv
    both "$UPSHOT" effect big.csv --itt arm --metric y --cluster cl --covariates eco --by eco --json
    [ "$status" -eq 0 ]
    [ "$(jq '.rows | length' <<<"$out")" -eq 3 ]
}

@test "what a killed run left is removed by the next" {
    mkdir tmp && export TMPDIR=$PWD/tmp
    sleep 0 & local dead=$!
    wait "$dead"
    mkdir -m 700 "tmp/upshot-$dead-AAAAAA" "tmp/upshot-$dead-BBBBBB" "tmp/upshot-$dead-short" \
        "tmp/upshot-$$-AAAAAA" "tmp/upshot-$dead-DDDDDD"
    touch "tmp/upshot-$dead-AAAAAA/duckdb_temp_storage-0.tmp" "tmp/upshot-$dead-BBBBBB/mine.txt" precious
    ln -s "$PWD" "tmp/upshot-$dead-CCCCCC"
    ln -s "$PWD/precious" "tmp/upshot-$dead-DDDDDD/rows"
    mkdir -m 700 "out.csv.$dead-AAAAAA" && touch "out.csv.$dead-AAAAAA/rows"
    mkdir -m 700 "other.csv.$dead-AAAAAA" && touch "other.csv.$dead-AAAAAA/rows"
    "$UPSHOT" simulate shop out.csv --units 50 >/dev/null
    [ ! -e "tmp/upshot-$dead-AAAAAA" ]
    [ ! -e "out.csv.$dead-AAAAAA" ]
    [ -e "tmp/upshot-$dead-BBBBBB/mine.txt" ]
    [ -d "tmp/upshot-$dead-short" ]
    [ -d "tmp/upshot-$$-AAAAAA" ]
    [ -L "tmp/upshot-$dead-CCCCCC" ]
    [ -L "tmp/upshot-$dead-DDDDDD/rows" ]
    [ -e precious ]
    [ -e "other.csv.$dead-AAAAAA/rows" ]
    touch "text.json.$dead.partial" "text.json.$$.partial"
    "$UPSHOT" describe out.csv --output text.json
    [ ! -e "text.json.$dead.partial" ]
    [ -e "text.json.$$.partial" ]
}

@test "a run that is killed leaves nothing after the next" {
    mkdir tmp && export TMPDIR=$PWD/tmp
    "$UPSHOT" simulate shop big.csv --units 3000000 --weeks 4 >/dev/null 2>&1 &
    local run=$!
    for _ in $(seq 100); do
        compgen -G "tmp/upshot-$run-??????" >/dev/null && compgen -G "big.csv.$run-??????" >/dev/null && break
        sleep 0.05
    done
    kill -KILL "$run"
    wait "$run" || true
    compgen -G "tmp/upshot-*"
    "$UPSHOT" simulate shop big.csv --units 50 >/dev/null
    ! compgen -G "tmp/upshot-*"
    ! compgen -G "big.csv.*-*"
}

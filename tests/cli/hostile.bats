#!/usr/bin/env bats
# Input that nobody wants: a refusal or an answer, never a crash, never a hang.
load common
setup_file() { make_shop; }
setup() { setup_place; }

effect() { "$UPSHOT" effect "$@"; }

@test "empty file, header only, no header" {
    : >e.csv
    refused 3 E_SOURCE "$UPSHOT" describe e.csv
    echo 'arm,y' >h.csv
    both effect h.csv --itt arm --metric y
    [ "$status" -eq 4 ] || [ "$status" -eq 2 ]
}

@test "one arm, one cluster, one row" {
    printf 'arm,y\na,1\na,2\n' >one.csv
    refused 4 E_ARMS "$UPSHOT" effect one.csv --itt arm --metric y
    printf 'arm,y,c\na,1,1\nb,2,1\na,3,1\nb,3,1\n' >cl.csv
    refused 4 E_CLUSTER "$UPSHOT" effect cl.csv --itt arm --metric y --cluster c
    printf 'arm,y\na,1\nb,2\n' >two.csv
    both effect two.csv --itt arm --metric y
    [ "$status" -le 4 ]
}

@test "constant outcome" {
    printf 'arm,y\na,1\nb,1\na,1\nb,1\na,1\nb,1\n' >k.csv
    both effect k.csv --itt arm --metric y --json
    [ "$status" -eq 0 ] || [ "$status" -eq 4 ]
    jq -e . <<<"$out"
}

@test "all missing, some missing, infinite, text among numbers" {
    printf 'arm,y\na,\nb,\na,\nb,\n' >m.csv
    both effect m.csv --itt arm --metric y
    [ "$status" -eq 4 ] || [ "$status" -eq 2 ]
    printf 'arm,y\na,1\nb,2\na,\nb,4\na,0\nb,9\n' >s.csv
    refused 4 E_MISSING "$UPSHOT" effect s.csv --itt arm --metric y
    both effect s.csv --itt arm --metric y --missing drop --json
    [ "$status" -eq 0 ]
    jq -e '[.warnings[].code] | index("N_ROWS_DROPPED")' <<<"$out"
    printf 'arm,y\na,1\nb,2\na,inf\nb,4\na,0\nb,9\n' >i.csv
    refused 4 E_NOT_FINITE "$UPSHOT" effect i.csv --itt arm --metric y
    printf 'arm,y\na,1\nb,2\na,oops\nb,4\n' >t.csv
    refused 2 E_TYPE "$UPSHOT" effect t.csv --itt arm --metric y
}

@test "ids beyond 64 bits" {
    awk 'BEGIN {print "arm,y,c"; for (i = 0; i < 40; i++)
        print (i % 2 ? "a" : "control") "," i % 7 ",18446744073709551" 100 + i}' >ids.csv
    refused 4 E_CLUSTER "$UPSHOT" effect ids.csv --itt arm --metric y --cluster c
    [[ $out == *9007199254740992* ]]
    refused 4 E_UNIT "$UPSHOT" effect ids.csv --itt arm --metric y --unit c
    sed 's/,18/,u18/' ids.csv >text.csv
    both effect text.csv --itt arm --metric y --unit c
    [ "$status" -eq 0 ]
}

@test "ten thousand columns" {
    awk 'BEGIN {printf "arm,y"; for (i = 0; i < 10000; i++) printf ",x%d", i; print ""
        for (r = 0; r < 6; r++) {printf "%s,%d", r % 2 ? "a" : "b", r * r
            for (i = 0; i < 10000; i++) printf ",%d", i % 7; print ""}}' >wide.csv
    both effect wide.csv --itt arm --metric y --json
    [ "$status" -eq 0 ]
    both "$UPSHOT" describe wide.csv --json
    [ "$(jq .rows_total <<<"$out")" -eq 10002 ]
    [ "$(jq '.rows | length' <<<"$out")" -eq 20 ]
}

@test "a very long line" {
    { echo 'arm,y,t'; printf 'a,1,'; head -c 3000000 /dev/zero | tr '\0' x; echo; echo 'b,2,z'; } >long.csv
    both "$UPSHOT" describe long.csv
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ]
    [ "$(wc -c <<<"$out$errors")" -lt 10000 ]
}

@test "truncated and false Parquet" {
    head -c 5000 "$(shop shop.parquet)" >cut.parquet
    refused 3 E_SOURCE "$UPSHOT" describe cut.parquet
    echo 'not parquet at all' >false.parquet
    refused 3 E_SOURCE "$UPSHOT" describe false.parquet
    refused 3 E_SOURCE "$UPSHOT" describe .
}

@test "names with quotes, blanks and other scripts" {
    printf '%s\n' $'"it\'s ""odd""",größe,"a b",数' control,1,2,3 b,2,3,4 control,3,1,2 b,5,2,2 \
        control,2,2,1 b,4,4,1 >odd.csv
    both "$UPSHOT" describe odd.csv --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[0].column' <<<"$out")" = "it's \"odd\"" ]
    both effect odd.csv --itt $'"it\'s ""odd"""' --metric größe --metric '"a b"' --metric 数 --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows | length' <<<"$out")" -eq 3 ]
    both effect odd.csv --itt $'"it\'s ""odd"""' --metric größe --metric 数
    [[ $out == *größe*数* ]]
    cp odd.csv "it's; a \$file.csv"
    both "$UPSHOT" describe "it's; a \$file.csv"
    [ "$status" -eq 0 ]
}

@test "SQL stands nowhere a name or value can stand" {
    evil="'; DROP TABLE rows; --"
    for option in itt treated propensity instrument cluster cluster2 unit time strata \
        weight filter metric covariates post segment where by over against control; do
        both effect "$(shop shop.parquet)" --itt arm --metric sales --"$option" "$evil"
        [ "$status" -eq 2 ] || [ "$status" -eq 4 ] || { echo "$option: $status $errors"; false; }
    done
    for value in "$evil" "x'; COPY (SELECT 1) TO 'pwned.csv'; --" "\"; ATTACH 'x' AS y; --"; do
        both "$UPSHOT" describe "$value"
        [ "$status" -eq 3 ]
        both effect "$(shop shop.parquet)" --itt arm --metric sales --filter "device = '${value//\'/\'\'}'"
        [ "$status" -eq 4 ]
        both effect "$(shop shop.parquet)" --itt arm --metric sales --covariates "${value}"
        [ "$status" -eq 2 ]
    done
    [ ! -e pwned.csv ]
    printf 'arm,y,"%s"\na,1,x\nb,2,y\na,3,y\nb,3,x\na,2,x\nb,5,y\n' "$evil" >evil.csv
    both effect evil.csv --itt arm --metric y --covariates "\"$evil\"" --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.design.covariates | length' <<<"$out")" -eq 1 ]
    printf 'arm,y\n"%s",1\nb,2\n"%s",3\nb,3\n' "$evil" "$evil" >arms.csv
    both effect arms.csv --itt arm --metric y --control b --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[0].arm' <<<"$out")" = "$evil" ]
}

@test "control characters of names never reach the terminal" {
    printf 'arm,"y\033[31m"\na,1\nb,2\na,3\nb,3\n' >esc.csv
    both "$UPSHOT" describe esc.csv
    [ "$status" -eq 0 ]
    ! grep -q $'\033' <<<"$out$errors"
    both "$UPSHOT" effect esc.csv --itt arm --metric $'"y\033[31m"'
    ! grep -q $'\033' <<<"$out$errors"
    both "$UPSHOT" effect esc.csv --itt arm --metric $'\033[31m'
    ! grep -q $'\033' <<<"$out$errors"
}

@test "bytes that are not UTF-8" {
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt $'\xff\xfe' --metric sales
    [ "$status" -eq 2 ]
    printf 'arm,y\n\xff,1\nb,2\n\xff,3\nb,3\n' >latin.csv
    both "$UPSHOT" effect latin.csv --itt arm --metric y --json
    [ "$status" -le 4 ]
    jq -e . <<<"$out"
}

@test "very long options" {
    long=$(head -c 100000 /dev/zero | tr '\0' a)
    refused 2 E_USAGE "$UPSHOT" "$long"
    refused 2 E_USAGE "$UPSHOT" effect "--$long"
    both effect "$(shop shop.parquet)" --itt arm --metric "$long"
    [ "$status" -eq 2 ]
    [ "${#errors}" -lt 2000 ]
    deep=$(head -c 5000 /dev/zero | tr '\0' '(')
    refused 2 E_EXPRESSION "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --filter "$deep"
}

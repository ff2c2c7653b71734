#!/usr/bin/env bats
# Failures: the right status, one line, what to do, and the same in JSON.
load common
setup_file() { make_shop; }
setup() { setup_place; }

@test "unknown verb and option, with the nearest name" {
    refused 2 E_USAGE "$UPSHOT" efect
    [[ $errors == *"upshot effect"* ]]
    refused 2 E_USAGE "$UPSHOT" effect x.csv --metrik sales
    [[ $errors == *"--metric"* ]]
    refused 2 E_USAGE "$UPSHOT" effect x.csv --zzzzzzz
    refused 2 E_USAGE "$UPSHOT" help nothing
}

@test "shapes of the command line" {
    refused 2 E_USAGE "$UPSHOT" effect
    refused 2 E_USAGE "$UPSHOT" effect "$(shop shop.parquet)"
    [[ $errors == *"--itt"* ]]
    refused 2 E_USAGE "$UPSHOT" effect "$(shop shop.parquet)" --itt arm
    [[ $errors == *"--metric"* ]]
    refused 2 E_USAGE "$UPSHOT" effect a b
    refused 2 E_USAGE "$UPSHOT" effect a --itt
    refused 2 E_USAGE "$UPSHOT" effect a --itt --metric
    refused 2 E_USAGE "$UPSHOT" effect a --itt x --itt y
    refused 2 E_USAGE "$UPSHOT" effect a --itt ''
    refused 2 E_USAGE "$UPSHOT" effect a --cumulative=yes
    refused 2 E_USAGE "$UPSHOT" effect a -x
    refused 2 E_USAGE "$UPSHOT" --itt arm effect a
}

@test "values" {
    refused 2 E_USAGE "$UPSHOT" effect a --itt x --metric y --vcov hc9
    [[ $errors == *"hc"* ]]
    refused 2 E_USAGE "$UPSHOT" effect a --itt x --metric y --level 95
    refused 2 E_USAGE "$UPSHOT" effect a --itt x --metric y --level abc
    refused 2 E_USAGE "$UPSHOT" effect a --itt x --metric y --threads 1.5
    refused 2 E_USAGE "$UPSHOT" effect a --itt x --metric y --threads -1
    refused 2 E_USAGE "$UPSHOT" effect a --itt x --metric y --memory lots
    refused 2 E_USAGE "$UPSHOT" simulate cinema out.csv
    refused 2 E_USAGE "$UPSHOT" simulate shop out.csv --arms 9
    refused 2 E_USAGE "$UPSHOT" explain E_NOTHING
    refused 2 E_USAGE "$UPSHOT" guide nothing
    refused 2 E_USAGE "$UPSHOT" schema nothing
    refused 2 E_USAGE "$UPSHOT" effect a --covariates 'x,,y' --itt a --metric b
}

@test "json and csv exclude each other" {
    both "$UPSHOT" version --json --csv
    [ "$status" -eq 2 ]
}

@test "columns, types and expressions" {
    shop=$(shop shop.parquet)
    refused 2 E_COLUMN "$UPSHOT" effect "$shop" --itt amr --metric sales
    [[ $errors == *"arm"* ]]
    refused 2 E_COLUMN "$UPSHOT" effect "$shop" --itt arm --metric salse
    refused 2 E_TYPE "$UPSHOT" effect "$shop" --itt arm --metric device
    refused 2 E_EXPRESSION "$UPSHOT" effect "$shop" --itt arm --metric 'sales +'
    refused 2 E_EXPRESSION "$UPSHOT" effect "$shop" --itt arm --metric sales \
        --filter "device = 'mobile"
    refused 4 E_CONDITION "$UPSHOT" effect "$shop" --itt arm --metric sales \
        --where "device = 'mobile'"
    refused 4 E_CONDITION "$UPSHOT" effect "$shop" --itt arm --metric sales \
        --segment "device = 'mobile'"
}

@test "refusals of the design" {
    shop=$(shop shop.parquet)
    refused 4 E_POST_TREATMENT "$UPSHOT" effect "$shop" --itt arm --metric sales \
        --post searches --covariates searches
    refused 4 E_UNIT "$UPSHOT" effect "$(shop panel.csv)" --itt arm --metric sales \
        --unit shopper
    refused 4 E_ARMS "$UPSHOT" effect "$shop" --itt arm --metric sales --control nobody
    refused 4 E_EMPTY "$UPSHOT" effect "$shop" --itt arm --metric sales \
        --filter "device = 'none'"
}

@test "sources and outputs" {
    refused 3 E_SOURCE "$UPSHOT" describe nothing.csv
    refused 3 E_SOURCE "$UPSHOT" effect nothing.parquet --itt a --metric b
    refused 3 E_WRITE "$UPSHOT" simulate shop /nowhere/at/all.parquet
    both "$UPSHOT" version --output /nowhere/at/all.txt
    [ "$status" -eq 3 ]
    refused 3 E_SOURCE "$UPSHOT" effect --input nothing.json
    echo 'nonsense' >bad.json
    refused 2 E_USAGE "$UPSHOT" effect --input bad.json
    echo '[1]' >bad.json
    refused 2 E_USAGE "$UPSHOT" effect --input bad.json
    echo '{"source": {"a": 1}}' >bad.json
    refused 2 E_USAGE "$UPSHOT" effect --input bad.json
    echo '{"source": "x", "sauce": "y"}' >bad.json
    refused 2 E_USAGE "$UPSHOT" effect --input bad.json
}

@test "no engine" {
    UPSHOT_DUCKDB=/nowhere.so both "$UPSHOT" describe "$(shop shop.parquet)"
    [ "$status" -eq 3 ] || [ "$status" -eq 0 ]
}

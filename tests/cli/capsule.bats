#!/usr/bin/env bats
# A capsule answers as its rows do, and says when it cannot.
load common
setup_file() { make_shop; }
setup() { setup_place; }

same() {
    local options=$1 question=$2
    eval "both \"\$UPSHOT\" fit $options --save c.parquet --json"
    [ "$status" -eq 0 ] || { echo "$errors"; return 1; }
    eval "both \"\$UPSHOT\" effect $options $question --json --full"
    [ "$status" -eq 0 ] || { echo "$errors"; return 1; }
    local rows
    rows=$(jq -S 'del(.input, .next)' <<<"$out")
    eval "both \"\$UPSHOT\" effect c.parquet $question --json --full"
    [ "$status" -eq 0 ] || { echo "$errors"; return 1; }
    [ "$(jq -r .input.kind <<<"$out")" = capsule ]
    diff <(echo "$rows") <(jq -S 'del(.input, .next)' <<<"$out")
}

@test "groups: rows and capsule give the same JSON" {
    same "$(shop shop.parquet) --itt arm --metric sales --covariates device,loyalty" ""
    same "$(shop shop.parquet) --itt arm --metric sales --covariates device,loyalty" \
        "--by device --where \"loyalty = 'new'\""
}

@test "continuous covariates: rows and capsule give the same JSON" {
    same "$(shop shop.parquet) --itt arm --metric sales --covariates device,spend_before" "--by device"
}

@test "households, encouragement, propensities: the same JSON" {
    same "$(shop mixed.parquet) --itt arm --treated treated --propensity propensity --cluster household --metric sales --covariates device" ""
    same "$(shop mixed.parquet) --itt arm --treated treated --cluster household --metric sales --metric 'r = ratio(sales, views)'" "--estimand itt"
}

@test "panel: the same JSON over time" {
    same "$(shop panel.csv) --itt arm --cluster shopper --time week --metric sales" "--over-time"
}

@test "checks from a capsule" {
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --covariates device --save c.parquet >/dev/null
    both "$UPSHOT" check "$(shop shop.parquet)" --itt arm --metric sales --covariates device --json --full
    rows=$(jq -S '.rows' <<<"$out")
    both "$UPSHOT" check c.parquet --json --full
    [ "$(jq -S .rows <<<"$out")" = "$rows" ]
}

@test "a declared segment on a continuous column" {
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --covariates spend_before \
        --segment 'spend_before > 60' --save c.parquet >/dev/null
    both "$UPSHOT" effect c.parquet --where 'spend_before > 60' --json
    [ "$status" -eq 0 ]
    refused 4 E_NEEDS_ROWS "$UPSHOT" effect c.parquet --where 'spend_before > 61'
}

@test "what a capsule refuses" {
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --metric views --covariates device --save c.parquet >/dev/null
    for o in "--itt arm" "--treated treated" "--cluster household" "--covariates loyalty" \
        "--filter sales>1" "--missing drop" "--layout groups" "--control diverse"; do
        refused 2 E_USAGE "$UPSHOT" effect c.parquet $o
    done
    refused 2 E_USAGE "$UPSHOT" check c.parquet --metric sales
    both "$UPSHOT" effect c.parquet --metric views --json
    [ "$(jq -r '[.rows[].metric] | unique | join(" ")' <<<"$out")" = views ]
    refused 4 E_NEEDS_ROWS "$UPSHOT" effect c.parquet --over week
    refused 4 E_CONDITION "$UPSHOT" effect c.parquet --where "country = 'US'"
}

@test "damaged capsules" {
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --save c.parquet >/dev/null
    size=$(stat -c %s c.parquet)
    head -c $((size / 2)) c.parquet >cut.parquet
    both "$UPSHOT" effect cut.parquet
    [ "$status" -eq 3 ] || [ "$status" -eq 2 ]
    both "$UPSHOT" effect "$(shop shop.parquet)"
    [ "$status" -eq 2 ]
}

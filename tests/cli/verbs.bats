#!/usr/bin/env bats
# Every verb does what it says.
load common
setup_file() { make_shop; }
setup() { setup_place; }

@test "upshot alone prints the overview" {
    both "$UPSHOT"
    [ "$status" -eq 0 ]
    [[ $out == *"describe"*"effect"*"simulate"* ]]
}

@test "version" {
    both "$UPSHOT" version
    [ "$status" -eq 0 ]
    [[ $out == "upshot "[0-9]* ]]
    both "$UPSHOT" --version --json
    [ "$(jq -r .version <<<"$out")" != null ]
}

@test "describe counts rows, types and missing values" {
    printf 'arm,y,t\na,1,x\nb,,y\na,3,\n' >d.csv
    both "$UPSHOT" describe d.csv --json
    [ "$status" -eq 0 ]
    [ "$(jq .input.rows <<<"$out")" -eq 3 ]
    [ "$(jq -r '.rows[] | select(.column == "y") | .missing' <<<"$out")" -eq 1 ]
    [ "$(jq -r '.rows[] | select(.column == "arm") | .type' <<<"$out")" = text ]
}

@test "describe reads standard input" {
    both bash -c "cat '$(shop panel.csv)' | '$UPSHOT' describe - --json"
    [ "$status" -eq 0 ]
    [ "$(jq .input.rows <<<"$out")" -eq 900 ]
}

@test "effect: difference of means without covariates" {
    printf 'arm,y\ncontrol,1\ncontrol,2\ncontrol,3\nb,4\nb,6\nb,8\n' >m.csv
    both "$UPSHOT" effect m.csv --itt arm --metric y --json --full
    [ "$status" -eq 0 ]
    # means 2 and 6; HC2 variance 1/3 + 4/3
    jq -e 'def near(a; b): (a - b | fabs) < 1e-12; .rows[0] | near(.estimate; 4)
        and near(.std_error; 1.2909944487358056) and near(.baseline; 2)
        and near(.relative; 2) and .n == 6' <<<"$out"
}

@test "effect finds the true effects of the simulation" {
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device,spend_before --truth "$(shop shop.truth.json)" --json
    [ "$status" -eq 0 ]
    jq -e '.rows | length == 2 and all(.[]; .truth != null
        and .conf_low - .std_error < .truth and .truth < .conf_high + .std_error)' <<<"$out"
}

@test "effect: by, where, over" {
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --by device --json
    [ "$(jq '.rows | length' <<<"$out")" -eq 6 ]
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device,spend_before --where "device = 'mobile'" \
        --where 'spend_before > 60' --json
    [ "$status" -eq 0 ]
    [ "$(jq '[.rows[].segment] | unique | length' <<<"$out")" -eq 2 ]
    both "$UPSHOT" effect "$(shop panel.csv)" --itt arm --cluster shopper \
        --metric sales --over week --json
    [ "$(jq -r '[.rows[].period] | join(" ")' <<<"$out")" = "1 2 3" ]
}

@test "effect: noncompliance, households and propensities together" {
    both "$UPSHOT" effect "$(shop mixed.parquet)" --itt arm --treated treated \
        --propensity propensity --cluster household --metric sales \
        --covariates device,loyalty --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[0].estimand' <<<"$out")" = late ]
    [ "$(jq -r '.design.compliance' <<<"$out")" = two-sided ]
    [ "$(jq -r '.design.clustered' <<<"$out")" = true ]
}

@test "effect: several metrics, ratios and conditions" {
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales \
        --metric 'big = sales > 60' --metric 'r = ratio(sales, views)' --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.rows[].metric] | unique | join(" ")' <<<"$out")" = "big r sales" ]
}

@test "check passes on good data and fails on a lost arm" {
    both "$UPSHOT" check "$(shop shop.parquet)" --itt arm --metric sales --json
    [ "$status" -eq 0 ]
    [ "$(jq '[.rows[] | select(.verdict == "failed")] | length' <<<"$out")" -eq 0 ]
    both "$UPSHOT" check "$(shop shop.parquet)" --itt arm --metric sales \
        --expected-split control=0.8,diverse=0.1,personal=0.1 --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[] | select(.verdict == "failed") | .code' <<<"$out")" = E_SRM ]
    both "$UPSHOT" check "$(shop shop.parquet)" --itt arm --metric sales --strict \
        --expected-split control=0.8,diverse=0.1,personal=0.1
    [ "$status" -eq 5 ]
}

@test "a failed check travels with the effect" {
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --json \
        --expected-split control=0.8,diverse=0.1,personal=0.1
    [ "$status" -eq 0 ]
    jq -e '[.warnings[].code] | index("W_SRM")' <<<"$out"
}

@test "fit prints coefficients and explains its layout" {
    both "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --explain --json
    [ "$status" -eq 0 ]
    jq -e '.rows[0].term != null and ([.warnings[].code] | index("N_LAYOUT"))' <<<"$out"
}

@test "simulate: the seed decides the file" {
    "$UPSHOT" simulate shop a.csv --units 200 --seed 9 >/dev/null
    "$UPSHOT" simulate shop b.csv --units 200 --seed 9 >/dev/null
    "$UPSHOT" simulate shop c.csv --units 200 --seed 10 >/dev/null
    cmp a.csv b.csv
    cmp a.truth.json b.truth.json
    ! cmp -s a.csv c.csv
    [ "$(wc -l <a.csv)" -eq 201 ]
    jq -e '.effects | length > 10' a.truth.json
}

@test "explain, guide and schema" {
    both "$UPSHOT" explain W_SRM
    [[ $out == "W_SRM:"*"What to do"* ]]
    both "$UPSHOT" guide designs
    [[ $out == *"Encouragement"* ]]
    both "$UPSHOT" schema effect
    [ "$(jq -r .request.type <<<"$out")" = object ]
    both "$UPSHOT" schema effect --json
    [ "$(jq -r .schema.name <<<"$out")" = effect ]
}

#!/usr/bin/env bats
# mediate: paths in words and in JSON, from rows and capsule, with the refusals a user meets.
load common
setup_file() { make_shop; }
setup() { setup_place; }

serial='arm -> {searches views sales}; searches -> {views sales}; views -> sales'
parallel='arm -> {searches views sales}; {searches views} -> sales'

@test "the effect is split over the paths, which add up to the total" {
    both "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --covariates device --graph "$serial"
    [ "$status" -eq 0 ]
    [[ $out == "sales: "*" against control "* ]]
    [[ $out == *"arm -> searches -> views -> sales"* ]]
    [[ $out == *N_NOT_RANDOMISED* ]]
    [[ $out != *W_MISSING_EDGE* ]]
    both "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --covariates device --graph "$serial" --json --full
    off=$(jq '[.rows[] | select(.arm == "b" or .arm == "diverse")] | (map(select(.part == "total").estimate) | add) -
        (map(select(.part == "path" or .part == "direct").estimate) | add) | fabs < 1e-9' <<<"$out")
    [ "$off" = true ]
    # the total is that of the verb effect
    total=$(jq '.rows[] | select(.part == "total") | .estimate * 1e9 | round' <<<"$out" | head -1)
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --covariates device --metric sales --json --full
    [ "$total" = "$(jq '.rows[0].estimate * 1e9 | round' <<<"$out")" ]
}

@test "a serial mechanism drawn as parallel is told" {
    both "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph "$parallel" --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.warnings[] | select(.code == "W_MISSING_EDGE") | .field' <<<"$out")" = "searches -> views" ]
    [ "$(jq '[.rows[] | select(.part == "missing")] | length' <<<"$out")" -eq 1 ]
}

@test "detail, truth, sensitivity and rho have their rows" {
    both "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph "$serial" --detail --rho=-0.2,0.2 \
        --truth "$(shop shop.truth.json)" --json --full
    [ "$status" -eq 0 ]
    for part in total direct indirect path first through proportion edge sensitivity; do
        [ "$(jq --arg p $part '[.rows[] | select(.part == $p)] | length' <<<"$out")" -gt 0 ]
    done
    [ "$(jq '[.rows[] | select(.part == "path" and .truth == null)] | length' <<<"$out")" -eq 0 ]
    [ "$(jq '[.rows[] | select(.part == "path" and .rho_zero == null)] | length' <<<"$out")" -eq 0 ]
    [ "$(jq '.options.rho | length' <<<"$out")" -eq 2 ]
}

@test "same answer twice, for any threads; another seed moves the bootstrap" {
    ask() { "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph "$serial" --interval bootstrap --draws 100 --json "$@"; }
    [ "$(ask --threads 1)" = "$(ask --threads 3)" ]
    [ "$(ask)" != "$(ask --seed 5)" ]
}

@test "a capsule of clusters answers as the rows" {
    graph='arm -> {views sales}; views -> sales'
    "$UPSHOT" fit "$(shop panel.csv)" --itt arm --cluster shopper --graph "$graph" --save why.parquet >/dev/null
    both "$UPSHOT" mediate why.parquet --graph "$graph" --json --full
    [ "$status" -eq 0 ]
    jq -S '.rows' <<<"$out" >capsule.json
    both "$UPSHOT" mediate "$(shop panel.csv)" --itt arm --cluster shopper --graph "$graph" --json --full
    jq -S '.rows' <<<"$out" | cmp - capsule.json
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --graph "$serial" --save rows.parquet >/dev/null
    refused 4 E_NEEDS_ROWS "$UPSHOT" mediate rows.parquet --graph "$serial"
    both "$UPSHOT" mediate rows.parquet --graph "$serial" --vcov iid
    [ "$status" -eq 0 ]
}

@test "what is not a mechanism is refused, with the reason" {
    refused 2 E_USAGE "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm
    refused 2 E_GRAPH "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph 'arm -> sales -> arm'
    refused 2 E_COLUMN "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph 'arm -> serches -> sales'
    refused 4 E_MEDIATION "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph 'treatment -> searches -> sales'
    refused 4 E_MEDIATION "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph 'arm -> searches; arm -> sales'
    refused 4 E_MEDIATION "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph "$serial; searches <-> sales"
    refused 4 E_POST_TREATMENT "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --covariates searches --graph "$serial"
    refused 4 E_ESTIMAND "$UPSHOT" mediate "$(shop mixed.parquet)" --itt arm --treated treated --cluster household \
        --propensity propensity --graph "$serial"
    refused 2 E_USAGE "$UPSHOT" mediate "$(shop shop.parquet)" --itt arm --graph "$serial" --rho high
}

@test "every role composes: clusters, propensities and noncompliance" {
    both "$UPSHOT" mediate "$(shop mixed.parquet)" --itt arm --treated treated --cluster household \
        --propensity propensity --estimand itt --covariates device --graph "$serial" --interaction arm:views --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[0].estimand' <<<"$out")" = itt ]
    jq -e '.warnings[] | select(.code == "W_RECEIVED")' <<<"$out"
    [ "$(jq '.rows[0].clusters' <<<"$out")" -gt 300 ]
}

#!/usr/bin/env bats
# What the program says to the shortcuts of bench/agent/shortcuts.py; docs/benchmarks.md tells it.
load common
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    world="--units 5000 --weeks 4 --arms 3 --clusters 1000 --adaptive"
    "$UPSHOT" simulate shop offer.parquet $world --noncompliance one-sided --seed 1 >/dev/null
    "$UPSHOT" simulate shop store.parquet $world --seed 2 >/dev/null
}
setup() { setup_place; }

x='device,country,loyalty,factor(economy),spend_before,visits_before'
design='--unit shopper --cluster household'

@test "rows as if independent: repeated units are refused" {
    refused 4 E_UNIT "$UPSHOT" effect "$(shop offer.parquet)" --itt arm --treated treated \
        --propensity propensity --unit shopper --covariates "$x" --metric sales
}

@test "the offer taken for the treatment: the estimand is that of those who take it" {
    both "$UPSHOT" effect "$(shop offer.parquet)" --itt arm --treated treated --propensity propensity \
        $design --covariates "$x" --metric sales --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[0].estimand' <<<"$out")" = late ]
    [ "$(jq '[.warnings[] | select(.code == "N_ESTIMAND_LATE")] | length' <<<"$out")" -eq 1 ]
}

@test "received against control: what was received was not assigned with these propensities" {
    refused 4 E_PROPENSITY "$UPSHOT" effect "$(shop offer.parquet)" --itt treated \
        --propensity propensity $design --covariates "$x" --metric sales
    refused 4 E_SRM "$UPSHOT" effect "$(shop offer.parquet)" --itt treated $design --metric sales
}

@test "those who declined left out: a filter on the arm is refused" {
    refused 2 E_ARGUMENT "$UPSHOT" effect "$(shop offer.parquet)" --itt arm --filter 'arm = treated' \
        --propensity propensity $design --metric sales
}

@test "difference of means without weights: the arms do not have equal sizes" {
    refused 4 E_SRM "$UPSHOT" effect "$(shop offer.parquet)" --itt arm $design --metric sales
}

@test "views and searches as covariates: they differ by arm" {
    refused 4 E_BALANCE "$UPSHOT" effect "$(shop store.parquet)" --itt arm --propensity propensity $design \
        --covariates "$x,searches,views" --metric sales
    refused 4 E_POST_TREATMENT "$UPSHOT" effect "$(shop store.parquet)" --itt arm --propensity propensity $design \
        --covariates "$x,searches,views" --post searches,views --metric sales
}

@test "mediators side by side: the edge that is missing is named" {
    both "$UPSHOT" mediate "$(shop store.parquet)" --itt arm --propensity propensity $design \
        --covariates "$x" --metric sales --graph 'arm -> {searches views sales}; {searches views} -> sales' --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.warnings[] | select(.code == "W_MISSING_EDGE") | .field' <<<"$out")" = "searches -> views" ]
}

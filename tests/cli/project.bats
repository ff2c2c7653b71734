#!/usr/bin/env bats
# project: effects in another population and in periods to come.
load common
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    "$UPSHOT" simulate shop shop.parquet --units 4000 --arms 3 --seed 3 >/dev/null
    "$UPSHOT" simulate shop market.parquet --units 1500 --seed 8 >/dev/null
    "$UPSHOT" simulate shop weeks.csv --units 300 --weeks 8 --seed 3 >/dev/null
    "$UPSHOT" simulate shop weeks3.csv --units 200 --weeks 3 --seed 3 >/dev/null
    "$UPSHOT" fit shop.parquet --itt arm --metric sales --covariates device,spend_before \
        --save capsule.parquet >/dev/null
}
setup() { setup_place; }

project() {
    both "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales "$@"
}

@test "shares: the estimate beside that of the experiment, weights and effective rows" {
    project --covariates device,spend_before --to device=mobile:0.7,desktop:0.3 --json
    [ "$status" -eq 0 ]
    [ "$(jq -r .target.method <<<"$out")" = shares ]
    [ "$(jq '[.target.weights[] | select(.covariate == "device") | .target] | add' <<<"$out")" = 1 ]
    [ "$(jq '.target.effective_rows < .target.rows' <<<"$out")" = true ]
    [ "$(jq '.rows[0].experiment != null and .rows[0].extrapolated == 0' <<<"$out")" = true ]
    [[ $(jq -r .headline <<<"$out") == "In the target population, sales: "*"; in the experiment "* ]]
    [[ $(jq -r '.assumptions[]' <<<"$out") == *transport* ]]
}

@test "all weight on one segment is the effect in it" {
    project --covariates device --to device=mobile:1 --json --full
    local projected
    projected=$(jq '.rows[0] | .estimate, .std_error' <<<"$out")
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --where "device = 'mobile'" --json --full
    run jq -n --argjson a "[${projected//$'\n'/,}]" \
        --argjson b "$(jq '[.rows[0].estimate, .rows[0].std_error]' <<<"$out")" \
        '[$a, $b] | transpose | all((.[0] - .[1]) | fabs < 1e-12)'
    [ "$output" = true ]
}

@test "a capsule answers as its rows do" {
    project --covariates device,spend_before --to device=mobile:0.6,desktop:0.4 \
        --means spend_before=55 --target-size 900 --json --full
    local rows
    rows=$(jq -c '[.rows, .target]' <<<"$out")
    both "$UPSHOT" project "$(shop capsule.parquet)" --to device=mobile:0.6,desktop:0.4 \
        --means spend_before=55 --target-size 900 --json --full
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.rows, .target]' <<<"$out")" = "$rows" ]
}

@test "rows of another population, by every method; segments of it" {
    for method in auto shares raking entropy odds; do
        project --covariates device,country --target "$(shop market.parquet)" \
            --method $method --by country --json
        [ "$status" -eq 0 ]
        [ "$(jq '.rows | length' <<<"$out")" -ge 2 ]
        [ "$(jq .target.size <<<"$out")" -eq 1500 ]
        [ "$(jq .target.sampled <<<"$out")" = true ]
    done
}

@test "a capsule as the target; a target that cannot be one" {
    project --covariates device,spend_before --target "$(shop capsule.parquet)" --json
    [ "$status" -eq 0 ]
    [ "$(jq -r .target.method <<<"$out")" = entropy ]
    [ "$(jq '(.rows[0].estimate - .rows[0].experiment) | fabs < 1e-9' <<<"$out")" = true ]
    printf 'device\nmobile\n\ndesktop\n' >gap.csv
    printf 'country\nUS\n' >other.csv
    refused 4 E_MISSING "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --target gap.csv
    refused 2 E_COLUMN "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --target other.csv
}

@test "forward: periods that were not observed are marked" {
    both "$UPSHOT" project "$(shop weeks.csv)" --itt arm --cluster shopper --metric sales \
        --over week --forward 3 --rule linear --cumulative --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.rows[].period] | join(" ")' <<<"$out")" = "+1 +2 +3" ]
    [ "$(jq '[.rows[].extrapolated] | add' <<<"$out")" -eq 3 ]
    [ "$(jq -r .forward.rule <<<"$out")" = linear ]
    [ "$(jq '.forward.fits[0].lack_of_fit_df' <<<"$out")" -eq 6 ]
    [[ $out == *N_FORWARD* ]]
}

@test "a target and a horizon together" {
    both "$UPSHOT" project "$(shop weeks.csv)" --itt arm --cluster shopper --metric sales \
        --covariates device --over week --to device=mobile:1 --forward 2
    [ "$status" -eq 0 ]
    [[ $out == *"2 periods ahead"*"in the experiment"* ]]
    [[ $out == *"share or mean"* ]]
}

@test "refusals say what the experiment has" {
    refused 4 E_SUPPORT "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --to device=watch:1
    [[ $errors == *desktop* ]]
    refused 4 E_SUPPORT "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates spend_before --means spend_before=4000
    refused 4 E_CONDITION "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --interactions none --to device=mobile:1
    refused 2 E_ARGUMENT "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --to device=mobile:70,desktop:30
    refused 2 E_ARGUMENT "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device
    refused 4 E_HORIZON "$UPSHOT" project "$(shop weeks.csv)" --itt arm --cluster shopper \
        --metric sales --over week --forward 5
    refused 4 E_HORIZON "$UPSHOT" project "$(shop weeks3.csv)" --itt arm --cluster shopper \
        --metric sales --over week --forward 1 --rule level
}

@test "a horizon that was accepted carries its warning" {
    both "$UPSHOT" project "$(shop weeks.csv)" --itt arm --cluster shopper --metric sales \
        --over week --forward 6 --rule linear --accept E_HORIZON --json
    [ "$status" -eq 0 ]
    [[ $out == *W_FORWARD_FAR* ]]
}

@test "the truth of a target is that of its levels, by their shares" {
    "$UPSHOT" simulate shop offer.csv --units 2000 --noncompliance one-sided --seed 4 >/dev/null
    ask() { "$UPSHOT" "$@" --itt arm --treated treated --metric searches --covariates device --truth offer.truth.json --json --full; }
    for estimand in itt ate; do
        ask effect offer.csv --estimand "$estimand" --by device >levels.json
        ask project offer.csv --estimand "$estimand" --to device=mobile:0.25,desktop:0.75 >target.json
        jq -e -s '([.[0].rows[] | select(.segment | contains("mobile"))][0].truth * 0.25 +
            [.[0].rows[] | select(.segment | contains("desktop"))][0].truth * 0.75 - .[1].rows[0].truth | fabs) < 1e-12' \
            levels.json target.json
    done
    # compliers are not equally many at every level
    ask project offer.csv --estimand late --to device=mobile:0.25,desktop:0.75 >late.json
    jq -e '.rows[0].truth > 0' late.json
    # what the file cannot tell is null
    "$UPSHOT" project offer.csv --itt arm --metric searches --covariates device,spend_before --means spend_before=60 \
        --truth offer.truth.json --json >mean.json
    jq -e '.rows[0].truth == null' mean.json
    refused 3 E_SOURCE "$UPSHOT" project "$(shop shop.parquet)" --itt arm --metric sales --covariates device --to device=mobile:1 --truth nowhere.json
}

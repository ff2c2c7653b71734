#!/usr/bin/env bats
# Ranking and priors from the command line.
load common
setup_file() { make_shop; }
setup() { setup_place; }

@test "rank: two arms by the t distribution" {
    printf 'arm,y\ncontrol,1\ncontrol,2\ncontrol,3\nb,4\nb,6\nb,8\n' >m.csv
    both "$UPSHOT" rank m.csv --itt arm --metric y --json --full
    [ "$status" -eq 0 ]
    # means 2 and 6, HC2 variance 5/3, 4 degrees of freedom: t = 3.098, P = 0.98186
    jq -e 'def near(a; b): (a - b | fabs) < 1e-9; .rows as $r | ($r | length) == 2
        and $r[0].arm == "control" and $r[0].prob_better == null and $r[1].method == "closed"
        and near($r[0].prob_best + $r[1].prob_best; 1)
        and near($r[1].prob_best; 0.98186108773905)
        and near($r[1].prob_rank_1; $r[1].prob_best)' <<<"$out"
    both "$UPSHOT" rank m.csv --itt arm --metric y --minimize y --json --full
    jq -e '.rows[0].prob_best > 0.98 and (.headline | contains("control is best (least)"))' <<<"$out"
}

@test "rank: every design, segments and capsules" {
    both "$UPSHOT" rank "$(shop shop.parquet)" --itt arm --metric sales --covariates device \
        --by device --shrink segments --json --full
    [ "$status" -eq 0 ]
    jq -e '(.rows | length) % 3 == 0 and (.rows | length) >= 6 and all(.rows[]; .tau != null or .arm == "control")
        and ([.rows[].segment] | unique | length) >= 2' <<<"$out"
    both "$UPSHOT" rank "$(shop mixed.parquet)" --itt arm --treated treated --cluster household \
        --propensity propensity --metric sales --covariates device,country,loyalty --json
    [ "$status" -eq 0 ]
    both "$UPSHOT" rank "$(shop panel.csv)" --itt arm --cluster shopper --metric sales --over week --json
    [ "$status" -eq 0 ]
    [ "$(jq '[.rows[].period] | unique | length' <<<"$out")" -eq 3 ]
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --covariates device --save c.parquet >/dev/null
    "$UPSHOT" rank c.parquet --by device --prior 'effect ~ normal(0, 5%)' --json --full | jq .rows >a.json
    "$UPSHOT" rank "$(shop shop.parquet)" --itt arm --metric sales --covariates device --by device \
        --prior 'effect ~ normal(0, 5%)' --json --full | jq .rows >b.json
    cmp a.json b.json
}

@test "rank: the terminal, the note of the winner, the next command" {
    both "$UPSHOT" rank "$(shop shop.parquet)" --itt arm --metric sales
    [ "$status" -eq 0 ]
    [[ $out == *"is best"*"with probability"*"expected loss"* ]] || [[ $out == *"expected"* ]]
    [[ $out == *"N_WINNERS_CURSE"* && $out == *"Next: upshot effect"* ]]
    # One arm is far ahead: no luck is needed for it to look best.
    "$UPSHOT" simulate shop sure.parquet --units 20000 >/dev/null
    both "$UPSHOT" rank sure.parquet --itt arm --metric sales
    [[ $out == *"probability 1.0000"* && $out != *"N_WINNERS_CURSE"* ]]
}

@test "rank: the same seed gives the same draws, and fewer draws a larger error" {
    "$UPSHOT" simulate shop many.csv --units 900 --arms 6 --seed 5 >/dev/null
    local ask=(many.csv --itt arm --metric sales --covariates device,country --json --full)
    "$UPSHOT" rank "${ask[@]}" --draws 2000 --seed 3 >a.json
    "$UPSHOT" rank "${ask[@]}" --draws 2000 --seed 3 --threads 2 >b.json
    cmp a.json b.json
    jq -e '.rows[0].method == "simulation" and ([.warnings[].code] | index("N_SIMULATED") != null)
        and ([.rows[].prob_best] | add | . > 0.999999 and . < 1.000001)' a.json
}

@test "priors: the estimate moves, p-values are withheld" {
    printf 'arm,y\ncontrol,1\ncontrol,2\ncontrol,3\nb,4\nb,6\nb,8\n' >m.csv
    both "$UPSHOT" effect m.csv --itt arm --metric y --prior 'effect ~ normal(0, 1)' --json --full
    [ "$status" -eq 0 ]
    # variance 5/3: 4 * 1 / (1 + 5/3)
    jq -e '(.rows[0].estimate - 1.5 | fabs) < 1e-12 and .rows[0].p_value == null
        and (.rows[0].prob_positive - 0.97 | fabs) < 0.03
        and .options.posterior == "robust" and .options.prior == ["effect ~ normal(0, 1)"]
        and ([.warnings[].code] | index("N_CREDIBLE") != null)
        and ([.warnings[].code] | index("N_FIXED_HORIZON") == null)' <<<"$out"
    both "$UPSHOT" fit m.csv --itt arm --metric y --posterior nig --prior '* ~ normal(0, 1 sd)' --json
    [ "$status" -eq 0 ]
    [ "$(jq -r .options.posterior <<<"$out")" = nig ]
    both "$UPSHOT" fit m.csv --itt arm --metric y --posterior nig --prior '* ~ normal(0, 1 sd)' \
        --prior-shape 2 --prior-rate 1 --json
    # the density of a t with 4 degrees of freedom, location 0, scale (I + X X')/2
    jq -e '.warnings[] | select(.code == "N_CREDIBLE" and .field == "y") | .number + 16.965347478 | fabs < 0.001' <<<"$out"
    both "$UPSHOT" effect m.csv --itt arm --metric y --prior 'effect ~ normal(-90, 1)' --json
    jq -e '[.warnings[].code] | index("W_PRIOR_CONFLICT") != null' <<<"$out"
}

@test "refusals of priors and ranks" {
    printf 'arm,y\ncontrol,1\ncontrol,2\ncontrol,3\nb,4\nb,6\nb,8\n' >m.csv
    refused 2 E_PRIOR "$UPSHOT" rank m.csv --itt arm --metric y --prior 'effct ~ normal(0, 1)'
    refused 2 E_PRIOR "$UPSHOT" rank m.csv --itt arm --metric y --prior 'effect ~ normal(0, 0)'
    refused 2 E_PRIOR "$UPSHOT" rank m.csv --itt arm --metric y --prior 'effect(c) ~ normal(0, 1)'
    refused 2 E_PRIOR "$UPSHOT" effect m.csv --itt arm --metric y --posterior nig \
        --prior 'effect ~ normal(0, 1)'
    refused 2 E_POSTERIOR "$UPSHOT" effect m.csv --itt arm --metric y --posterior robust --adjust holm
    refused 2 E_ARGUMENT "$UPSHOT" rank m.csv --itt arm --metric y --minimize z
    refused 2 E_ARGUMENT "$UPSHOT" rank m.csv --itt arm --metric y --shrink arms
    refused 2 E_ARGUMENT "$UPSHOT" effect m.csv --itt arm --metric y --prior-shape 2
    refused 2 E_USAGE "$UPSHOT" rank m.csv --itt arm --metric y --draws 5
}

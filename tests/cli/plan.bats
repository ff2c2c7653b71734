#!/usr/bin/env bats
# power and assign.
load common
setup_file() { make_shop; }
setup() { setup_place; }

@test "power: units, effect and power from numbers" {
    both "$UPSHOT" power --sd 1 --effect 0.5 --json --full
    [ "$status" -eq 0 ]
    jq -e '.rows[0] | .units == 128 and .control_units == 64
        and ((.power - 0.8014595579) | fabs) < 1e-9' <<<"$out"
    both "$UPSHOT" power --sd 1 --units 200 --json --full
    jq -e '((.rows[0].effect - 0.398138137568232) | fabs) < 1e-9' <<<"$out"
    both "$UPSHOT" power --sd 1 --units 128 --effect 0.5 --json --full
    jq -e '((.rows[0].power - 0.8014595579) | fabs) < 1e-9' <<<"$out"
}

@test "power: the headline can be read by anyone" {
    both "$UPSHOT" power --baseline 45 --sd 30 --effect 2% --per-day 1000
    [ "$status" -eq 0 ]
    [[ $out == "17,443 units per arm (34,886 in all) detect an effect of 2% of the baseline with"*"power 0.8, in 35 days"* ]]
}

@test "power: a curve, and arms of unequal size" {
    both "$UPSHOT" power --sd 1 --effect 0.1 --shares 0.5,0.3,0.2 --curve 5 --json
    [ "$status" -eq 0 ]
    jq -e '.rows | length == 6 and ([.[1:][].power] | . == sort)
        and .[0].control_units > 2 * .[0].arm_units' <<<"$out"
}

@test "power: sequential plans cost little at most and save on average" {
    one=$("$UPSHOT" power --sd 1 --effect 0.1 --json | jq '.rows[0].units')
    both "$UPSHOT" power --sd 1 --effect 0.1 --inference group --looks 4 --json
    jq -e --argjson one "$one" '.rows[0] | .units > $one and .units < 1.05 * $one
        and .expected_units < $one' <<<"$out"
    both "$UPSHOT" power --sd 1 --effect 0.1 --inference anytime --json
    jq -e --argjson one "$one" '.rows[0] | .units > 1.5 * $one and .units < 2 * $one' <<<"$out"
}

@test "power: past data, a running experiment and a capsule say the same" {
    both "$UPSHOT" power "$(shop shop.parquet)" --metric sales \
        --covariates spend_before --effect 2% --json --full
    [ "$status" -eq 0 ]
    split=$(jq '.rows[0].units' <<<"$out")
    jq -e '.rows[0] | .r2 > 0.05 and .relative == 0.02' <<<"$out"
    both "$UPSHOT" power "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates spend_before --effect 2% --arms 2 --json --full
    [ "$status" -eq 0 ]
    jq -e --argjson split "$split" '.rows[0].units | . > 0.8 * $split and . < 1.25 * $split' \
        <<<"$out"
    rows=$(jq -c '.rows | map(del(.r2))' <<<"$out")
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates spend_before --save c.parquet >/dev/null
    both "$UPSHOT" power c.parquet --effect 2% --arms 2 --json --full
    [ "$(jq -c '.rows | map(del(.r2))' <<<"$out")" = "$rows" ]
    # the capsule of a continuous covariate cannot be fitted without it
    [ "$(jq '.rows[0].r2' <<<"$out")" = null ]
}

@test "power: clusters of a history, and several metrics" {
    both "$UPSHOT" power "$(shop panel.csv)" --cluster shopper --metric sales \
        --metric 'bought = orders > 0' --units 900 --json
    [ "$status" -eq 0 ]
    jq -e '.rows | length == 2 and all(.[]; .cluster_size == 3 and .icc >= 0 and .clusters == 300)
        and .[0].icc > 0.1' <<<"$out"
}

@test "power: simulation agrees with the formula and repeats itself" {
    both "$UPSHOT" power "$(shop shop.parquet)" --metric sales --effect 1.5% \
        --units 2500 --simulate 300 --seed 2 --json
    [ "$status" -eq 0 ]
    first=$out
    jq -e '.rows | .[0].power as $p | .[1]
        | ((.power - $p) | fabs) < 4 * .power_std_error + 0.03' <<<"$out"
    both "$UPSHOT" power "$(shop shop.parquet)" --metric sales --effect 1.5% \
        --units 2500 --simulate 300 --seed 2 --threads 1 --json
    [ "$out" = "$first" ]
}

@test "power refuses in one line" {
    refused 2 E_ARGUMENT "$UPSHOT" power --sd 1
    refused 2 E_USAGE "$UPSHOT" power --sd 1 --effect 0.1 --units 9 --power 0.9
    refused 2 E_USAGE "$UPSHOT" power --sd 1 --effect many
    refused 2 E_USAGE "$UPSHOT" power --metric sales --effect 2%
    refused 2 E_USAGE "$UPSHOT" power "$(shop shop.parquet)" --metric sales --sd 3 --effect 1
    refused 2 E_USAGE "$UPSHOT" power --sd 1 --effect 0.1 --arms 3 --shares 0.5,0.5
    refused 2 E_ARGUMENT "$UPSHOT" power --kind proportion --baseline 0.9 --effect 0.2
    refused 4 E_PLAN "$UPSHOT" power --sd 1 --test equivalence --margin 0.1 --effect 0.2
}

@test "assign: counts, file, and the same again for any order of rows" {
    { echo id,country; for i in $(seq 1 100); do echo "u$i,$((i % 3))"; done; } >u.csv
    both "$UPSHOT" assign u.csv --unit id --shares 0.3,0.7 --to a.csv --seed 7 --json
    [ "$status" -eq 0 ]
    jq -e '.rows == [{"arm": "control", "propensity": 0.3, "units": 30, "clusters": 0},
        {"arm": "treatment", "propensity": 0.7, "units": 70, "clusters": 0}]' <<<"$out"
    [ "$(head -1 a.csv)" = id,arm,propensity ]
    { head -1 u.csv; tail -n +2 u.csv | sort -r; } >v.csv
    "$UPSHOT" assign v.csv --unit id --shares 0.3,0.7 --to b.csv --seed 7 >/dev/null
    cmp <(sort a.csv) <(sort b.csv)
    refused 3 E_WRITE "$UPSHOT" assign u.csv --unit id --to a.csv
}

@test "assign: what is written can be analysed" {
    "$UPSHOT" assign "$(shop shop.parquet)" --unit shopper --strata country,device \
        --to a.parquet --seed 3 >/dev/null
    both "$UPSHOT" check a.parquet --itt arm --propensity propensity --metric 'm = shopper' \
        --unit shopper --json
    [ "$status" -eq 0 ]
    jq -e 'all(.rows[]; .verdict != "failed")' <<<"$out"
}

@test "assign: hash is PlanOut's" {
    printf 'id\nu0\nu7\n42\n' >h.csv
    both "$UPSHOT" assign h.csv --unit id --method hash --salt shop.button --csv
    [ "$status" -eq 0 ]
    # 0.4356, 0.2257, 0.9910
    [ "$(cut -d, -f3 <<<"$out" | tr '\n' ' ')" = "arm control control treatment " ]
}

@test "assign: clusters, re-randomisation, listing" {
    both "$UPSHOT" assign "$(shop panel.csv)" --unit 'shopper * 100 + week' \
        --cluster shopper --json
    [ "$status" -ne 0 ] # an expression is a number, not an identifier
    both "$UPSHOT" assign "$(shop mixed.parquet)" --unit shopper --cluster household \
        --to a.csv --json
    [ "$status" -eq 0 ]
    jq -e '[.rows[].clusters] | (.[0] - .[1]) | fabs <= 1' <<<"$out"
    both "$UPSHOT" assign "$(shop shop.parquet)" --unit shopper --method rerandomised \
        --covariates spend_before,visits_before --accept 0.1 --json
    [ "$status" -eq 0 ]
    jq -e '.rows_total == 4000 and .options.imbalance <= .options.threshold
        and .options.draws >= 1 and (.warnings | map(.code) | index("N_RERANDOMISED")) != null' \
        <<<"$out"
}

@test "assign refuses in one line" {
    printf 'id,x\n1,1\n1,2\n' >d.csv
    refused 4 E_UNIT "$UPSHOT" assign d.csv --unit id
    refused 2 E_COLUMN "$UPSHOT" assign d.csv --unit ident
    refused 2 E_ARGUMENT "$UPSHOT" assign d.csv --unit x --method hash
    refused 2 E_ARGUMENT "$UPSHOT" assign d.csv --unit x --shares 0.9,0.3
    refused 2 E_USAGE "$UPSHOT" assign d.csv --unit x --shares 0.9
}

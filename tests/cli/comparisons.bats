#!/usr/bin/env bats
# Inference, margins and adjustment in `effect`: what is asked is what is answered, from rows and
# from a capsule, and what is not defined is refused.
load common
setup_file() { make_shop; }
setup() { setup_place; }

effect() {
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --metric searches "$@"
}

@test "plain answers hold no columns of what was not asked" {
    effect --json
    [ "$status" -eq 0 ]
    [ "$(jq '.rows[0] | has("e_value") or has("adjusted_p_value") or has("margin")' <<<"$out")" = false ]
    [ "$(jq -r '.rows[0].decision' <<<"$out")" = increase ]
}

@test "anytime: e-value, p-value and interval are one, and the fixed-horizon note is gone" {
    effect --inference anytime --planned 20000 --json --full
    [ "$status" -eq 0 ]
    [ "$(jq '[.rows[] | (.p_value <= 0.05) == (.conf_low > 0 or .conf_high < 0)] | all' <<<"$out")" = true ]
    [ "$(jq '[.rows[] | ((.p_value * .e_value) - 1 | fabs) < 1e-9 or .p_value == 1] | all' <<<"$out")" = true ]
    [ "$(jq '[.warnings[].code] | index("N_FIXED_HORIZON")' <<<"$out")" = null ]
    [ "$(jq '[.warnings[].code] | index("N_ANYTIME") != null' <<<"$out")" = true ]
    [ "$(jq .options.planned <<<"$out")" = 20000 ]
}

@test "a capsule answers as the rows do" {
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --metric searches \
        --covariates device --save c.parquet >/dev/null
    for how in "--inference anytime --planned 9000 --adjust e-bh" "--adjust max-t" \
        "--inference group --information 0.3,0.6 --adjust holm --sides greater"; do
        # shellcheck disable=SC2086
        effect --covariates device $how --json --full
        jq '[.rows, .headline]' <<<"$out" >rows.json
        # shellcheck disable=SC2086
        both "$UPSHOT" effect c.parquet $how --json --full
        jq '[.rows, .headline]' <<<"$out" >capsule.json
        cmp rows.json capsule.json
    done
}

@test "margins: the claim is written, decided and printed" {
    effect --margin 'searches >= -2%' --margin 'sales within 0.01' --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[2].decision' <<<"$out")" = non_inferior ]
    [ "$(jq -r '.rows[2].margin' <<<"$out")" = '>= -2%' ]
    [ "$(jq -r '.rows[0].decision' <<<"$out")" = none ]
    [ "$(jq -r '.rows[0].margin' <<<"$out")" = 'within 0.01' ]
    effect --margin 'searches >= -2%'
    [[ $out == *"non-inferior: >= -2%"* ]]
}

@test "adjusted: the table shows what is adjusted" {
    effect --adjust bonferroni --family 'primary: sales' --json --full
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.rows[].family] | unique | join(" ")' <<<"$out")" = "others primary" ]
    [ "$(jq '[.rows[] | .adjusted_p_value == ([.p_value * 2, 1] | min)] | all' <<<"$out")" = true ]
    effect --adjust holm
    [[ $out == *"95% adjusted"*"decision"* ]]
    [[ $out != *significant* ]]
}

@test "an Anderson-Rubin set answers where a weak instrument withholds the numbers" {
    awk 'BEGIN { srand(1); print "arm,treated,y"
        for (i = 0; i < 400; i++) { a = i % 2; t = (i % 20 == 1) || (i % 20 == 2) || (i % 80 == 3)
            print a "," t "," 5 + t + rand() } }' >weak.csv
    refused 4 E_WEAK_INSTRUMENT "$UPSHOT" effect weak.csv --itt arm --treated treated --metric y
    [[ $errors == *"--interval ar"* ]]
    both "$UPSHOT" effect weak.csv --itt arm --treated treated --metric y --interval ar --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.rows[0].conf_set' <<<"$out")" != interval ]
}

@test "a fixed horizon is not read before it, unless that is accepted" {
    local s verb
    s=$(shop shop.parquet)
    for verb in effect rank "project --to device=desktop:1 --covariates device" \
        "mediate --graph 'arm -> {searches sales}; searches -> sales'"; do
        set -- "${verb%% *}" "$s" --itt arm --metric sales
        eval "set -- \"\$@\" ${verb#"${verb%% *}"}"
        refused 4 E_PEEK "$UPSHOT" "$@" --planned 4001
        [ "$(jq -r .field <<<"$out")" = planned ]
        [[ $(jq -r .message <<<"$out") == "4000 rows have arrived of the 4001 planned"* ]]
        both "$UPSHOT" "$@" --planned 4001 --accept E_PEEK --json
        [ "$status" -eq 0 ]
        [ "$(jq -c '[.warnings[] | select(.code == "N_OVERRIDE") | .field]' <<<"$out")" = '["E_PEEK"]' ]
        [ "$(jq -c '[.options.planned, .options.accept]' <<<"$out")" = '[4001,["E_PEEK"]]' ]
        both "$UPSHOT" "$@" --planned 4000 --json
        [ "$status" -eq 0 ]
        [ "$(jq '[.warnings[].code] | index("N_OVERRIDE")' <<<"$out")" = null ]
    done
    both "$UPSHOT" effect "$s" --itt arm --metric sales --planned 4001 --posterior robust
    [ "$status" -eq 0 ]
    refused 4 E_PEEK "$UPSHOT" monitor "$s" --looks-by week --itt arm --metric sales \
        --planned 8000 --inference fixed
}

@test "refusals say what to do" {
    local s
    s=$(shop shop.parquet)
    refused 2 E_ARGUMENT "$UPSHOT" effect "$s" --itt arm --metric sales --inference anytime
    [[ $errors == *planned* ]]
    refused 2 E_ARGUMENT "$UPSHOT" effect "$s" --itt arm --metric sales --inference group
    refused 2 E_ARGUMENT "$UPSHOT" effect "$s" --itt arm --metric sales --adjust e-bh
    refused 2 E_ARGUMENT "$UPSHOT" effect "$s" --itt arm --metric sales --family arm
    refused 2 E_ARGUMENT "$UPSHOT" effect "$s" --itt arm --metric sales --margin 'cows <= 2%'
    refused 4 E_ESTIMAND "$UPSHOT" effect "$s" --itt arm --metric sales --interval ar
    for bad in 'sales' 'sales <=' '<= 2%' 'sales <= x' 'sales <= 0' 'sales within -1' \
        'sales <= nan%' 'sales <= 1e999'; do
        refused 2 E_ARGUMENT "$UPSHOT" effect "$s" --itt arm --metric sales --margin "$bad"
    done
}

@test "segments: how likely a false finding is, and the command that answers them together" {
    effect --covariates device --by device --json
    [ "$(jq '.warnings[] | select(.code == "N_MANY_COMPARISONS") | .number' <<<"$out")" -eq 12 ]
    [[ $(jq -r '.warnings[] | select(.code == "N_MANY_COMPARISONS") | .text' <<<"$out") == *"chance of about 46 %"* ]]
    command=$(jq -r '.next[0]' <<<"$out")
    [[ $command == *"--by device --adjust max-t" ]]
    run bash -c "upshot() { \"$UPSHOT\" \"\$@\"; }; $command --json"
    [ "$status" -eq 0 ]
    [ "$(jq '[.rows[] | has("adjusted_low")] | all' <<<"$output")" = true ]
    [ "$(jq '[.warnings[].code] | index("N_MANY_COMPARISONS")' <<<"$output")" = null ]
    effect --json # two arms and two metrics, no segments
    [ "$(jq '[.warnings[].code] | index("N_MANY_COMPARISONS")' <<<"$out")" = null ]
    effect --covariates device --by device --inference anytime --planned 9000 --json
    [[ $(jq -r '.next[0]' <<<"$out") == *"--adjust holm" ]]
}

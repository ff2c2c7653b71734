#!/usr/bin/env bats
# The path of the effects over looks: the same as single looks, capsules and increments.
load common
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    # five days of 150 rows; arm b is better by 1.5, noise from a congruential generator
    awk 'BEGIN { s = 7; print "day,arm,device,y"
        for (i = 0; i < 750; i++) {
            s = (s * 16807) % 2147483647; u = s / 2147483647
            s = (s * 16807) % 2147483647; v = s / 2147483647
            s = (s * 16807) % 2147483647; w = s / 2147483647
            b = u < 0.5
            printf "%d,%s,%s,%.4f\n", 1 + int(i / 150), b ? "b" : "control",
                w < 0.4 ? "mobile" : "desktop", 10 + 1.5 * b + 6 * (v - 0.5) } }' >days.csv
    awk -F, 'NR == 1 || $1 > 1 || $2 == "b"' days.csv >late.csv
    # on the last days the effect is turned around
    awk -F, -v OFS=, 'NR > 1 && $2 == "b" && $1 > 2 { $4 -= 6 } { print }' days.csv >turned.csv
    for k in 1 2 3; do
        "$UPSHOT" fit days.csv --itt arm --metric y --covariates device \
            --filter "day <= $k" --save "until$k.parquet" >/dev/null
        awk -F, -v k="$k" 'NR == 1 || $1 == k' days.csv >"only$k.csv"
        "$UPSHOT" fit "only$k.csv" --itt arm --metric y --covariates device \
            --save "only$k.parquet" >/dev/null
    done
}
setup() {
    setup_place
    cd "$BATS_FILE_TMPDIR" || return 1
}

near='def near(a; b): (a - b | fabs) <= 1e-10 * (1 + (b | fabs));'

@test "monitor: each look is the effect of the rows up to it" {
    both "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y --covariates device \
        --planned 750 --json --full
    [ "$status" -eq 0 ]
    path=$out
    for k in 1 3 5; do
        both "$UPSHOT" effect days.csv --itt arm --metric y --covariates device \
            --filter "day <= $k" --inference anytime --planned 750 --json --full
        jq -e -s --argjson k "$k" "$near"' (.[0].rows[$k - 1]) as $a | .[1].rows[0] as $b
            | near($a.estimate; $b.estimate) and near($a.conf_low; $b.conf_low)
            and near($a.conf_high; $b.conf_high) and near($a.p_value; $b.p_value)
            and $a.n == $b.n' <<<"$path $out"
        both "$UPSHOT" effect days.csv --itt arm --metric y --covariates device \
            --filter "day <= $k" --json --full
        jq -e -s --argjson k "$k" "$near"' (.[0].rows[$k - 1]) as $a | .[1].rows[0] as $b
            | near($a.fixed_low; $b.conf_low) and near($a.fixed_high; $b.conf_high)' \
            <<<"$path $out"
    done
    jq -e '[.rows[].n] == [150, 300, 450, 600, 750] and .rows[4].information == 1' <<<"$path"
    # what looks share is theirs: the ends, the p-value and the decision only sharpen
    jq -e '.rows as $r | all(range(1; 5); $r[.].running_low >= $r[. - 1].running_low
        and $r[.].running_high <= $r[. - 1].running_high
        and $r[.].running_p <= $r[. - 1].running_p)
        and all($r[]; .fixed_low > .conf_low) and $r[4].decision == "increase"
        and (.headline | test("increase since look"))' <<<"$path"
}

@test "monitor: capsules, increments and rows give one path" {
    both "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y --covariates device \
        --filter 'day <= 3' --planned 750 --json --full
    path=$out
    both "$UPSHOT" monitor until1.parquet until2.parquet until3.parquet --planned 750 \
        --json --full
    [ "$status" -eq 0 ]
    same="$near"' .[0].rows as $a | .[1].rows as $b | ($a | length) == 3 and all(range(3);
        near($a[.].estimate; $b[.].estimate) and near($a[.].running_low; $b[.].running_low)
        and near($a[.].running_p; $b[.].running_p))'
    jq -e -s "$same" <<<"$path $out"
    both "$UPSHOT" monitor only1.parquet only2.parquet only3.parquet --increments \
        --planned 750 --json --full
    [ "$status" -eq 0 ]
    jq -e -s "$same" <<<"$path $out"
    # the order of threads does not matter
    "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y --planned 750 \
        --threads 1 --json --full >a.json
    "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y --planned 750 \
        --threads 4 --json --full >b.json
    cmp a.json b.json
}

@test "monitor: group-sequential looks have the bounds of the plan" {
    both "$UPSHOT" boundaries --looks 5 --spending pocock --json --full
    bounds=$(jq -c '[.rows[].efficacy]' <<<"$out")
    both "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y --vcov iid \
        --inference group --spending pocock --planned 750 --json --full
    [ "$status" -eq 0 ]
    # t quantiles of the same tail are a little above the normal bounds
    jq -e --argjson z "$bounds" '.rows as $r | all(range(5); $r[.].critical > $z[.]
        and $r[.].critical < $z[.] * 1.05)' <<<"$out"
    refused 4 E_LOOKS "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y \
        --inference group --information 0.2,0.4,0.6 --planned 750
}

@test "monitor: an effect that turns around leaves nothing in common" {
    both "$UPSHOT" monitor turned.csv --looks-by day --itt arm --metric y --planned 750 \
        --json --full
    [ "$status" -eq 0 ]
    jq -e '.rows[4].running_low == null and (.rows[0].running_low != null)
        and ([.warnings[].code] | index("W_EMPTY_INTERSECTION"))' <<<"$out"
}

@test "monitor: a look without an arm is left out and said" {
    both "$UPSHOT" monitor late.csv --looks-by day --itt arm --metric y --planned 750 --json
    [ "$status" -eq 0 ]
    jq -e '(.rows | length == 4) and .rows[0].label == "2"
        and ([.warnings[].code] | index("N_LOOK_SKIPPED"))' <<<"$out"
}

@test "monitor: text shows a line per look and names what does not hold" {
    both "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y --planned 750
    [ "$status" -eq 0 ]
    # Five looks, in two blocks: a table that is too wide goes on below.
    [ "$(grep -c '^[1-5]  ' <<<"$out")" -eq 10 ]
    [ "$(wc -L <<<"$out")" -le 80 ]
    [[ $out == *"once_high"*"not here"* ]]
}

@test "monitor: a one-sided interval has one end in the headline" {
    both "$UPSHOT" monitor days.csv --looks-by day --itt arm --metric y --planned 750 --sides greater --json
    jq -e '.headline | test("over all looks above [+-]")' <<<"$out"
}

@test "monitor: what would not hold is refused" {
    rows=(days.csv --looks-by day --itt arm --metric y)
    refused 2 E_ARGUMENT "$UPSHOT" monitor "${rows[@]}"
    refused 4 E_PEEK "$UPSHOT" monitor "${rows[@]}" --planned 750 --inference fixed
    refused 2 E_USAGE "$UPSHOT" monitor days.csv --itt arm --metric y --planned 750
    refused 2 E_USAGE "$UPSHOT" monitor until1.parquet until2.parquet --looks-by day --planned 750
    refused 4 E_LOOKS "$UPSHOT" monitor until2.parquet until1.parquet --planned 750
    refused 4 E_NEEDS_ROWS "$UPSHOT" monitor until1.parquet --looks-by day --planned 750
}

@test "monitor: information that the rows do not bear out is warned of" {
    rows=(days.csv --looks-by day --itt arm --metric y --inference group)
    both "$UPSHOT" monitor "${rows[@]}" --information 0.2,0.4,0.6,0.8,1 --json
    jq -e '[.warnings[].code] | index("W_INFORMATION") == null' <<<"$out"
    both "$UPSHOT" monitor "${rows[@]}" --information 0.7,0.8,0.85,0.9,1 --json
    jq -e '[.warnings[].code] | index("W_INFORMATION")' <<<"$out"
    refused 4 E_POST_TREATMENT "$UPSHOT" monitor days.csv --looks-by 'floor(y)' --itt arm --metric y --planned 750
}

@test "monitor: what decides is shown where comparisons are adjusted or have a margin" {
    rows=(days.csv --looks-by day --itt arm --metric y --planned 750 --json --full)
    both "$UPSHOT" monitor "${rows[@]}" --metric 'z = y * y' --adjust bonferroni
    jq -e '.rows | all(.adjusted_p_value >= .p_value and .adjusted_low <= .conf_low
        and .margin_p_value == null)' <<<"$out"
    both "$UPSHOT" monitor "${rows[@]}" --margin 'y >= -50%'
    jq -e '.rows | all(.margin_p_value < .p_value and .adjusted_p_value == null)' <<<"$out"
}

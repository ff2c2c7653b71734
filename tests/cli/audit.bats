#!/usr/bin/env bats
# What `describe` proposes and warns of: the roles of every simulated design without a false alarm, every trap
# in a table that holds them all, and what is known already.
load common
setup() { setup_place; }

chosen() {
    jq -r '[.roles[] | select(.chosen and .role != "metric" and .role != "covariates") | "\(.role)=\(.column)"] | join(" ")' <<<"$out"
}

traps() {
    jq -r '[.warnings[] | "\(.code) \(.field)"] | sort | join(", ")' <<<"$out"
}

@test "every simulated design: the roles are found, and nothing is called a trap" {
    local seed=0 options wanted
    while IFS='|' read -r options wanted; do
        seed=$((seed + 1))
        # shellcheck disable=SC2086
        "$UPSHOT" simulate shop v.parquet --units 3000 --seed $seed $options --force >/dev/null
        both "$UPSHOT" describe v.parquet --json
        [ "$status" -eq 0 ]
        [ "$(chosen)" = "$wanted" ] || { echo "$options: $(chosen)"; false; }
        [ "$(traps)" = "" ] || { echo "$options: $(traps)"; false; }
        [ "$(jq -r '[.roles[] | select(.chosen and .role == "metric") | .column][0]' <<<"$out")" = sales ]
        [ "$(jq -r '[.roles[] | select(.chosen and .role == "covariates") | .column] | sort | join(" ")' <<<"$out")" = \
            "country device economy loyalty spend_before visits_before" ]
        while read -r command; do
            run bash -c "upshot() { \"$UPSHOT\" \"\$@\"; }; $command"
            [ "$status" -eq 0 ] || { echo "$command: $output"; false; }
        done < <(jq -r '.next[]' <<<"$out")
    done <<'DESIGNS'
|itt=arm unit=shopper
--noncompliance one-sided|itt=arm treated=treated unit=shopper
--noncompliance two-sided --arms 3|itt=arm treated=treated unit=shopper
--clusters 600|itt=arm cluster=household unit=shopper
--adaptive|itt=arm propensity=propensity unit=shopper
--weeks 3|itt=arm cluster=shopper unit=shopper time=week
--weeks 3 --clusters 700 --adaptive --noncompliance one-sided|itt=arm treated=treated propensity=propensity cluster=household unit=shopper time=week
DESIGNS
}

@test "a table that holds every trap" {
    awk 'BEGIN { srand(4); print "user_id,order_id,variant,country,income,score_before,assigned_at,purchased_at,signup_date,revenue"
        for (i = 0; i < 2000; i++) {
            t = rand() < 0.5; arm = t ? "treatment" : "control"; other = t ? "control" : "treatment"
            if (i % 97 == 0 && !t) arm = "Control "
            if (i == 15) arm = "tset"
            row = 10000 + i "," 500000 + int(1e6 * rand()) "," arm "," (i % 3 ? "US" : "unknown") "," \
                (i % 40 ? int(30000 + 9000 * rand()) : -999) "," rand() + t "," \
                sprintf("2026-01-%02d", 2 + i % 20) "," sprintf("2026-01-%02d 10:00:00", 2 + i % 20 + (i % 50 ? 1 : -1)) "," \
                (i % 60 ? sprintf("2025-%02d-11", 1 + i % 12) : "9999-12-31") "," rand() + 0.1 * t
            print row
            if (i < 9) print row
            if (i > 20 && i < 25) { sub("," arm ",", "," other ",", row); sub("US", "DE", row); print row } } }' >traps.csv
    both "$UPSHOT" describe traps.csv --as-of 2026-01-20 --json
    [ "$status" -eq 0 ]
    [ "$(traps)" = "W_AFFECTED score_before, W_ARM_LABELS variant, W_CROSSOVER user_id, W_DUPLICATE_ROWS user_id, W_IDENTIFIER order_id, W_RARE_ARM variant, W_REPEATED_UNITS user_id, W_SENTINEL country, W_SENTINEL income, W_SENTINEL signup_date, W_TIME_TRAVEL assigned_at, W_TIME_TRAVEL purchased_at, W_TIME_TRAVEL signup_date" ] ||
        { traps; false; }
    [[ $(jq -r .headline <<<"$out") == "2013 rows, 10 columns; 13 traps found" ]]
    [ "$(jq '[.roles[] | select(.column == "score_before" and .chosen)] | length' <<<"$out")" -eq 0 ]
    [ "$(jq '.warnings[] | select(.code == "W_CROSSOVER") | .number' <<<"$out")" -eq 4 ]
    [ "$(jq '.warnings[] | select(.code == "W_DUPLICATE_ROWS") | .number' <<<"$out")" -eq 9 ]
    # Each has a page, and a page of what to do.
    for code in $(jq -r '.warnings[].code' <<<"$out" | sort -u); do
        "$UPSHOT" explain "$code" >/dev/null
    done
    both "$UPSHOT" describe traps.csv
    [ "$(wc -L <<<"$out")" -le 80 ]
    both "$UPSHOT" describe traps.csv --no-audit --json
    [ "$(jq 'has("roles")' <<<"$out")" = false ]
    [ "$(traps)" = "" ]
}

@test "the same from a file, standard input and any number of threads" {
    "$UPSHOT" simulate shop s.csv --units 5000 --weeks 2 --clusters 900 --adaptive >/dev/null
    both "$UPSHOT" describe s.csv --json --full --threads 1
    one=$(jq -c '[.roles, .warnings]' <<<"$out")
    both "$UPSHOT" describe s.csv --json --full --threads 4
    [ "$(jq -c '[.roles, .warnings]' <<<"$out")" = "$one" ]
    status=0
    out=$("$UPSHOT" describe - --json --full <s.csv)
    [ "$(jq -c '[.roles, .warnings]' <<<"$out")" = "$one" ]
    [ "$(jq -r '.next[0]' <<<"$out")" = "upshot guide designs" ]
}

@test "what is known already sharpens the traps" {
    "$UPSHOT" simulate shop s.parquet --units 4000 --seed 2 >/dev/null
    both "$UPSHOT" describe s.parquet --itt arm --covariates device,views --metric orders --json
    [ "$(traps)" = "W_AFFECTED views" ]
    both "$UPSHOT" describe s.parquet --metric shopper --json
    [ "$(traps)" = "W_IDENTIFIER shopper" ]
    # Propensities that vary by device: unweighted, devices differ by arm; weighted they do not.
    "$UPSHOT" simulate shop a.csv --units 8000 --adaptive --seed 2 >/dev/null
    sed '1s/propensity/p_known/' a.csv >b.csv
    both "$UPSHOT" describe b.csv --json
    [[ $(traps) == *W_AFFECTED* ]]
    both "$UPSHOT" describe b.csv --propensity p_known --json
    [ "$(traps)" = "" ]
    [[ $(chosen) == *propensity=p_known* ]]
}

@test "refusals" {
    "$UPSHOT" simulate shop s.parquet --units 500 >/dev/null
    refused 2 E_COLUMN "$UPSHOT" describe s.parquet --itt arms
    refused 4 E_ARMS "$UPSHOT" describe s.parquet --itt shopper
    refused 2 E_TYPE "$UPSHOT" describe s.parquet --assigned-at sales
    refused 2 E_TYPE "$UPSHOT" describe s.parquet --propensity arm
    refused 2 E_ARGUMENT "$UPSHOT" describe s.parquet --as-of soon
}

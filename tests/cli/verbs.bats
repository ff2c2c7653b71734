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

@test "a covariate that treatment changed: no number, unless it is accepted" {
    set -- "$(shop shop.parquet)" --itt arm --metric sales --covariates device,views
    refused 4 E_BALANCE "$UPSHOT" effect "$@"
    [[ $out == *"'views'"* && $out == *"--accept E_BALANCE"* ]]
    refused 4 E_BALANCE "$UPSHOT" fit "$@"
    refused 4 E_BALANCE "$UPSHOT" effect "$@" --accept E_SRM
    both "$UPSHOT" effect "$@" --accept E_BALANCE --json
    [ "$status" -eq 0 ]
    jq -e '.warnings[] | select(.code == "N_OVERRIDE") | .field == "E_BALANCE"' <<<"$out"
    both "$UPSHOT" check "$@" --json
    [ "$(jq -r '.rows[] | select(.verdict == "failed") | .code' <<<"$out")" = E_BALANCE ]
    # what was measured before is no offence, and shares that differ by stratum are none
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --covariates device,spend_before
    [ "$status" -eq 0 ]
    printf 'arm,y,land\n' >strata.csv
    for i in $(seq 1 1000); do
        echo "$((i % 10 < 8)),$i,DE"
        echo "$((i % 10 < 2)),$i,US"
    done >>strata.csv
    both "$UPSHOT" effect strata.csv --itt arm --metric y --strata land
    [ "$status" -eq 0 ]
    refused 4 E_BALANCE "$UPSHOT" effect strata.csv --itt arm --metric y --covariates land
    [[ $out == *"--strata"* ]]
}

@test "arms of the wrong sizes: no number, unless it is accepted" {
    set -- "$(shop shop.parquet)" --itt arm --metric sales \
        --expected-split control=0.8,diverse=0.1,personal=0.1
    refused 4 E_SRM "$UPSHOT" effect "$@"
    [[ $out == *"--accept E_SRM"* ]]
    refused 4 E_SRM "$UPSHOT" effect "$@" --accept E_PROPENSITY,E_WEAK_INSTRUMENT
    refused 4 E_SRM "$UPSHOT" fit "$@" --save withheld.parquet
    [ ! -e withheld.parquet ]
    both "$UPSHOT" effect "$@" --accept E_SRM --json
    [ "$status" -eq 0 ]
    jq -e '(.warnings[] | select(.code == "N_OVERRIDE")) | .field == "E_SRM"
        and (.text | test("E_SRM was accepted: rows against the expected split"))' <<<"$out"
    jq -e '.options.accept == ["E_SRM"] and .rows[0].estimate != null' <<<"$out"
    both "$UPSHOT" effect "$@" --accept E_SRM --strict
    [ "$status" -eq 0 ]
    [[ $out == *N_OVERRIDE* ]]
    # A capsule does not carry the acceptance on.
    both "$UPSHOT" fit "$@" --accept E_WEAK_INSTRUMENT --accept E_SRM --save accepted.parquet --json
    [ "$status" -eq 0 ]
    jq -e '[.warnings[].code] | index("N_OVERRIDE")' <<<"$out"
    refused 4 E_SRM "$UPSHOT" effect accepted.parquet
    both "$UPSHOT" effect accepted.parquet --accept E_SRM
    [ "$status" -eq 0 ]
    # What did not fail needs no override, and is none.
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --accept E_SRM --json
    jq -e '[.warnings[].code] | index("N_OVERRIDE") == null' <<<"$out"
    refused 2 E_USAGE "$UPSHOT" effect "$@" --accept E_STRICT
    refused 2 E_USAGE "$UPSHOT" check "$@" --accept E_SRM
}

@test "propensities of treatment instead of the arm: no number" {
    awk 'BEGIN {print "arm,p,y"; for (i = 0; i < 1000; i++) {
        a = i % 5 == 0; print (a ? "b" : "control") ",0.2," i % 7 + a}}' >p.csv
    refused 4 E_PROPENSITY "$UPSHOT" effect p.csv --itt arm --propensity p --metric y
    # The sizes of the arms do not fit them either; both have to be accepted.
    [[ $out == *"--accept E_SRM,E_PROPENSITY"* ]]
    refused 4 E_SRM "$UPSHOT" effect p.csv --itt arm --propensity p --metric y --accept E_PROPENSITY
    both "$UPSHOT" effect p.csv --itt arm --propensity p --metric y --accept E_SRM,E_PROPENSITY --json
    [ "$status" -eq 0 ]
    jq -e '[.warnings[] | select(.code == "N_OVERRIDE") | .field] == ["E_SRM", "E_PROPENSITY"]' <<<"$out"
}

@test "an instrument that moves nothing: only the effect of assignment" {
    # 50.4% of both arms are treated, but for two units.
    awk 'BEGIN {print "arm,got,y"; for (i = 0; i < 1000; i++) {
        d = (i % 4 < 2) || i == 2; print (i % 2 ? "b" : "control") "," (d ? "b" : "control") "," i % 7}}' >w.csv
    refused 4 E_WEAK_INSTRUMENT "$UPSHOT" effect w.csv --itt arm --treated got --metric y
    refused 4 E_WEAK_INSTRUMENT "$UPSHOT" fit w.csv --itt arm --treated got --metric y
    both "$UPSHOT" effect w.csv --itt arm --treated got --metric y --estimand itt
    [ "$status" -eq 0 ]
    both "$UPSHOT" effect w.csv --itt arm --treated got --metric y --accept E_WEAK_INSTRUMENT --json
    [ "$status" -eq 0 ]
    jq -e '(.warnings[] | select(.code == "N_OVERRIDE")) | .field == "E_WEAK_INSTRUMENT"' <<<"$out"
}

@test "by: levels without both arms are left out and named" {
    awk 'BEGIN {print "arm,y,d"; for (i = 0; i < 400; i++)
        print (i % 2 ? "b" : "control") "," i % 7 "," (i < 6 && i % 2 ? "odd" : i % 3 ? "m" : "t")}' >l.csv
    both "$UPSHOT" effect l.csv --itt arm --metric y --covariates d --by d --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.rows[].segment] | join("; ")' <<<"$out")" = "d = 'm'; d = 't'" ]
    jq -e '(.warnings[] | select(.code == "W_SMALL_SEGMENT" and .field == "d"))
        | .number == 3 and (.text | test("odd. .3 rows"))' <<<"$out"
    refused 4 E_NO_VARIATION "$UPSHOT" effect l.csv --itt arm --metric y --covariates d --where "d = 'odd'"
}

@test "UPSHOT_OUTPUT=json is a default for --json" {
    both "$UPSHOT" version --json
    with_option=$out
    both env UPSHOT_OUTPUT=json "$UPSHOT" version
    [ "$out" = "$with_option" ]
    both env UPSHOT_OUTPUT=json "$UPSHOT" effect
    [ "$status" -eq 2 ]
    jq -e '.ok == false and .code == "E_USAGE"' <<<"$out"
    both env UPSHOT_OUTPUT=json "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --csv
    [[ $out == metric,arm,* ]]
    both env UPSHOT_OUTPUT=text "$UPSHOT" version
    [[ $out == "upshot "* ]]
    both env UPSHOT_OUTPUT=xml "$UPSHOT" version
    [ "$status" -eq 2 ]
    [[ $errors == "upshot: E_USAGE UPSHOT_OUTPUT: "* ]]
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

@test "simulate: files that are there stay unless --force" {
    echo precious >mine.csv
    refused 3 E_WRITE "$UPSHOT" simulate shop mine.csv --units 50
    [ "$(cat mine.csv)" = precious ]
    [ ! -e mine.truth.json ]
    echo precious >other.truth.json
    refused 3 E_WRITE "$UPSHOT" simulate shop other.csv --units 50
    [ ! -e other.csv ]
    refused 2 E_USAGE "$UPSHOT" simulate shop same.csv --truth same.csv --units 50
    both "$UPSHOT" simulate shop mine.csv --units 50 --force
    [ "$status" -eq 0 ]
    [ "$(wc -l <mine.csv)" -eq 51 ]
}

@test "no output replaces what it was made from" {
    cp "$(shop shop.parquet)" rows.parquet
    cp rows.parquet before
    ln -s rows.parquet link.parquet
    ln rows.parquet hard.parquet
    set -- --itt arm --metric sales
    refused 2 E_USAGE "$UPSHOT" fit rows.parquet "$@" --save rows.parquet
    refused 2 E_USAGE "$UPSHOT" fit rows.parquet "$@" --save ./rows.parquet
    refused 2 E_USAGE "$UPSHOT" fit rows.parquet "$@" --save link.parquet
    refused 2 E_USAGE "$UPSHOT" fit link.parquet "$@" --save rows.parquet
    refused 2 E_USAGE "$UPSHOT" fit rows.parquet "$@" --save hard.parquet
    refused 2 E_USAGE "$UPSHOT" fit 'row*.parquet' "$@" --save rows.parquet
    refused 2 E_USAGE "$UPSHOT" effect rows.parquet "$@" --output rows.parquet
    refused 2 E_USAGE "$UPSHOT" effect rows.parquet "$@" --output link.parquet
    refused 2 E_USAGE "$UPSHOT" describe rows.parquet --output rows.parquet
    refused 2 E_USAGE "$UPSHOT" fit rows.parquet "$@" --save c.parquet --output c.parquet
    cmp rows.parquet before
    both "$UPSHOT" fit rows.parquet "$@" --save c.parquet --output c.txt
    [ "$status" -eq 0 ]
    refused 2 E_USAGE "$UPSHOT" fit c.parquet --save c.parquet
}

@test "a capsule remembers how it was fitted" {
    local rows
    rows=$(shop shop.parquet)
    set -- --itt arm --metric sales --covariates device,spend_before
    for how in "--vcov hc3" "--vcov hc1 --interactions none" "--no-covariates --vcov hc0"; do
        # shellcheck disable=SC2086
        both "$UPSHOT" fit "$rows" "$@" $how --save how.parquet
        [ "$status" -eq 0 ]
        both "$UPSHOT" effect how.parquet --csv
        [ "$status" -eq 0 ]
        from_capsule=$out
        # shellcheck disable=SC2086
        both "$UPSHOT" effect "$rows" "$@" $how --csv
        [ "$out" = "$from_capsule" ]
    done
    # Said otherwise, that wins: no covariance is at hand but the one of the fit.
    both "$UPSHOT" effect how.parquet --vcov iid --json
    jq -e '.options.vcov == "iid" and .options.no_covariates' <<<"$out"
    refused 4 E_NEEDS_ROWS "$UPSHOT" effect how.parquet --vcov hc2
    [[ $out == *"HC0"* ]]
    both "$UPSHOT" check how.parquet --json
    jq -e '.options.vcov == "HC0"' <<<"$out"
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

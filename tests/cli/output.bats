#!/usr/bin/env bats
# What the output looks like, where it goes, and that the same question gives the same bytes.
load common
setup_file() { make_shop; }
setup() { setup_place; }

ask() { "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --covariates device,spend_before "$@"; }

@test "json is one object on one line, for every verb" {
    shop=$(shop shop.parquet)
    for line in "version" "guide" "guide designs" "explain" "schema fit" \
        "describe $shop" "check $shop --itt arm --metric sales" \
        "fit $shop --itt arm --metric sales" "effect $shop --itt arm --metric sales" \
        "simulate shop s.csv --units 50 --force"; do
        for full in "" --full; do
            both "$UPSHOT" $line --json $full
            [ "$status" -eq 0 ]
            jq -e '.ok == true and .op != null and .headline != null and .version != null' <<<"$out"
        done
    done
}

@test "the keys of a result are those of its schema" {
    shop=$(shop shop.parquet)
    for line in "describe $shop" "check $shop --itt arm --metric sales" \
        "fit $shop --itt arm --metric sales --save f.parquet" \
        "effect $shop --itt arm --metric sales --truth $(shop shop.truth.json)"; do
        both "$UPSHOT" $line --json
        verb=${line%% *}
        "$UPSHOT" schema "$verb" >schema.json
        jq -e --slurpfile s schema.json '(keys - ["files"]) - ($s[0].result.properties | keys) == []' <<<"$out"
        jq -e --slurpfile s schema.json '(.rows[0] | keys) - ($s[0].result.properties.rows.items.properties | keys) == []' <<<"$out"
    done
}

@test "compact has 5 digits and bounded rows, full has all" {
    both ask --by device --limit 2 --json
    [ "$(jq '.rows | length' <<<"$out")" -eq 2 ]
    [ "$(jq .rows_total <<<"$out")" -eq 6 ]
    short=$(jq -r '.rows[0].estimate' <<<"$out")
    both ask --by device --limit 2 --json --full
    [ "$(jq '.rows | length' <<<"$out")" -eq 6 ]
    long=$(grep -o '"estimate":[^,]*' <<<"$out" | head -1)
    [ "${#short}" -le 8 ]
    [ "${#long}" -gt 20 ]
}

@test "csv has the columns in order and reads back" {
    both ask --csv
    [ "$(head -1 <<<"$out")" = "metric,arm,against,segment,period,estimand,estimate,std_error,statistic,df,p_value,conf_low,conf_high,baseline,relative,relative_low,relative_high,relative_set,decision,n,clusters" ]
    [ "$(wc -l <<<"$out")" -eq 3 ]
    both ask --by device --csv
    [[ $out == *"device = 'mobile'"* ]]
}

@test "text: interval named, forest plot, ASCII and narrow terminals" {
    both env TERM=xterm "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales
    [[ $out == *"95% interval"*"├"*"●"*"┤"* ]]
    [[ $out != *ignifican* ]]
    both ask --ascii
    [[ $out == *"95% interval"*"|"*"*"*"|"* ]]
    ! LC_ALL=C grep -q '[^ -~]' <<<"$out"
    both env COLUMNS=40 "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --ascii
    ! awk 'length($0) > 44' <<<"$out" | grep .
    both ask --level 0.9
    [[ $out == *"90% interval"* ]]
}

@test "colour only where asked for" {
    both ask
    ! grep -q $'\033' <<<"$out"
    both ask --color
    grep -q $'\033' <<<"$out"
    both env CLICOLOR_FORCE=1 "$UPSHOT" check "$(shop shop.parquet)" --itt arm --metric sales
    grep -q $'\033' <<<"$out"
    both env CLICOLOR_FORCE=1 NO_COLOR=1 "$UPSHOT" check "$(shop shop.parquet)" --itt arm --metric sales
    ! grep -q $'\033' <<<"$out"
    both ask --color --json
    ! grep -q $'\033' <<<"$out"
}

@test "--output writes at once or not at all" {
    both ask --json --output r.json
    [ "$status" -eq 0 ]
    [ -z "$out" ]
    jq -e .ok r.json
    echo old >keep.json
    both ask --metric nothing --json --output keep.json
    [ "$status" -ne 0 ]
    [ "$(cat keep.json)" = old ]
    [ "$(ls | grep -c partial)" -eq 0 ]
}

@test "a reader that goes away, a full disk" {
    run bash -c "set -o pipefail; '$UPSHOT' schema | head -1; echo \${PIPESTATUS[0]}"
    [ "${lines[1]}" -eq 0 ]
    [ -e /dev/full ] || skip "no /dev/full"
    status=0
    "$UPSHOT" schema >/dev/full 2>err || status=$?
    [ "$status" -eq 3 ]
    grep -q '^upshot: E_WRITE' err
}

@test "requests from JSON" {
    cat >q.json <<END
{"source": "$(shop shop.parquet)", "itt": "arm", "metric": ["sales"],
 "covariates": ["device", "spend_before"], "no_covariates": false, "level": 0.95}
END
    jq '. + {json: true, full: false, output: "a.json"}' q.json >global.json
    both "$UPSHOT" effect --input global.json
    [ "$status" -eq 0 ]
    [ -z "$out" ]
    jq -e .ok a.json
    jq '. + {input: "q.json"}' q.json >nested.json
    refused 2 E_USAGE "$UPSHOT" effect --input nested.json
    [[ $out == *"command line"* ]]
    both "$UPSHOT" effect --input q.json --json
    [ "$status" -eq 0 ]
    from_json=$out
    both ask --json
    [ "$out" = "$from_json" ]
    both bash -c "'$UPSHOT' effect --input - --json <q.json"
    [ "$out" = "$from_json" ]
}

@test "1 and 2 threads, twice: the same bytes" {
    for file in shop.parquet mixed.parquet; do
        more=""
        [ $file = mixed.parquet ] && more="--treated treated --propensity propensity --cluster household"
        set -- --itt arm $more --metric sales --metric views --covariates device,spend_before --by device --json --full
        both "$UPSHOT" effect "$(shop $file)" "$@" --threads 1
        one=$out
        [ "$status" -eq 0 ]
        for n in 2 2 4; do
            both "$UPSHOT" effect "$(shop $file)" "$@" --threads $n
            [ "$out" = "$one" ]
        done
    done
}

@test "nothing but the answer on standard output, nothing on standard error" {
    both ask
    [ -z "$errors" ]
    both ask --progress --json
    jq -e .ok <<<"$out"
}

@test "a device or a pipe is written to, and never replaced" {
    ln -s /dev/full full
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --output full
    [ "$status" -eq 3 ]
    [[ $errors == *"E_WRITE"*"the disk is full"* ]]
    [ -c full ]
    mkfifo pipe
    cat pipe >through &
    "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --json --output pipe
    wait
    [ -p pipe ]
    [ "$(jq -r .op through)" = effect ]
    refused 3 E_WRITE "$UPSHOT" policy "$(shop shop.parquet)" --itt arm --metric sales --save pipe
    refused 3 E_WRITE "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --save pipe.parquet/x.parquet
    refused 3 E_WRITE "$UPSHOT" simulate shop rows.csv --units 50 --truth pipe --force
    [ -p pipe ]
    [ ! -e rows.csv ]
}

@test "tables that are too wide go on below, and names stay whole" {
    both "$UPSHOT" boundaries --looks 3 --sides greater --futility nonbinding
    [ "$(wc -L <<<"$out")" -le 80 ]
    [ "$(grep -c '^look' <<<"$out")" -eq 2 ]
    [ "$(grep -c '^ *3  ' <<<"$out")" -eq 2 ]
    both "$UPSHOT" describe "$(shop shop.parquet)"
    [ "$(wc -L <<<"$out")" -le 80 ]
    [[ $out == *visits_before* && $out == *"control, "* ]]
}

@test "every failure says what to do, and the commands that are suggested run" {
    both "$UPSHOT" power --sd 3 --json
    [ "$(jq -r .fix <<<"$out")" = "'upshot help power' describes --effect" ]
    both "$UPSHOT" effect "$(shop shop.parquet)" --itt arm --metric sales --where 1 --json
    [[ $(jq -r .fix <<<"$out") == *upshot* ]]
    refused 2 E_USAGE "$UPSHOT" boundaries --looks 0
    [[ $(jq -r .message <<<"$out") == *"between 1 and 1000"* ]]
    cp "$(shop shop.parquet)" s.parquet
    "$UPSHOT" simulate shop n.csv --units 200 --weeks 2 >/dev/null
    for ask in "describe s.parquet" "describe n.csv" "power --baseline 45 --sd 30 --effect 2%" \
        "policy s.parquet --itt arm --metric sales --covariates device,spend_before --save p.json"; do
        # shellcheck disable=SC2086
        both "$UPSHOT" $ask --json
        [ "$status" -eq 0 ]
        command=$(jq -r '.next[0]' <<<"$out")
        [[ $command == "upshot "* ]]
        run bash -c "upshot() { \"$UPSHOT\" \"\$@\"; }; $command"
        [ "$status" -eq 0 ] || { echo "$command: $output"; false; }
    done
}

@test "files that were saved are in the schema of the verb that saves them" {
    for verb in fit policy assign simulate; do
        "$UPSHOT" schema $verb | jq -e '.result.properties.files' >/dev/null
    done
}

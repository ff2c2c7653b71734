#!/usr/bin/env bats
# Policies through the program: made, served line by line, valued; and adaptive logs.
load common
setup_file() {
    make_shop
    "$UPSHOT" policy shop.parquet --itt arm --metric sales --covariates device \
        --floor 0.05 --save policy.json >/dev/null
    "$UPSHOT" simulate shop log.parquet --units 600 --weeks 4 --adaptive --arms 3 \
        --seed 3 >/dev/null
}
setup() { setup_place; }

@test "policy: probabilities by context add up, and respect the floor" {
    both "$UPSHOT" policy "$(shop shop.parquet)" --itt arm --metric sales \
        --covariates device --floor 0.05 --json --full
    [ "$status" -eq 0 ]
    jq -e '.rows | length == 9 and all(.[]; .play >= 0.05)
        and (group_by(.context) | all(.[]; ([.[].play] | add) - 1 | fabs < 1e-12))' <<<"$out"
    [[ $(jq -r .headline <<<"$out") == "thompson policy for sales over 3 arms in 3 contexts"* ]]
}

@test "policy: algorithms, arms, reward and minimise" {
    for a in argmax top-two tempered; do
        both "$UPSHOT" policy "$(shop shop.parquet)" --itt arm --metric sales --metric \
            orders --reward orders --algorithm "$a" --floor 0 --arms control,personal \
            --minimize --json
        [ "$status" -eq 0 ]
        jq -e '(.rows | length == 2) and ([.rows[].play] | add) - 1 < 1e-4
            and .options.minimize' <<<"$out"
    done
    jq -e 'any(.warnings[]; .code == "W_NO_FLOOR") | not' <<<"$out"
    refused 2 E_ARGUMENT "$UPSHOT" policy "$(shop shop.parquet)" --itt arm --metric sales \
        --metric orders
    refused 4 E_ARMS "$UPSHOT" policy "$(shop shop.parquet)" --itt arm --metric sales \
        --arms control,nobody
    refused 2 E_ARGUMENT "$UPSHOT" policy "$(shop shop.parquet)" --itt arm --metric \
        sales --floor 0.5
}

@test "policy: a capsule gives the same policy as the rows" {
    "$UPSHOT" fit "$(shop shop.parquet)" --itt arm --metric sales --covariates device \
        --save c.parquet >/dev/null
    "$UPSHOT" policy c.parquet --reward sales --floor 0.05 --save c.json >/dev/null
    jq -S 'del(.checksum, .fingerprint)' c.json >a
    jq -S 'del(.checksum, .fingerprint)' "$(shop policy.json)" >b
    cmp a b
}

@test "decide: a line for a line, in order, and failures in their place" {
    printf '%s\n' '{"unit":"u1","device":"mobile","extra":1}' \
        '{"unit":2,"device":"fridge"}' 'not json' '' '{"device":"mobile"}' >in
    printf '{"unit":"u1","device":"mobile"}' >>in
    both "$UPSHOT" decide "$(shop policy.json)" <in
    [ "$status" -eq 4 ]
    [ "$(wc -l <<<"$out")" -eq 5 ]
    jq -s -e '.[0].arm == .[4].arm and .[0].device == "mobile" and (.[0] | has("extra") | not)
        and .[0].propensity == .[0].probabilities[.[0].arm]
        and (.[0].probabilities | add) - 1 < 1e-12
        and .[1].line == 2 and .[1].code == "E_CONTEXT" and .[1].field == "device"
        and .[2].line == 3 and .[3].line == 5 and .[3].field == "unit"' <<<"$out"
    [[ $errors == *"3 of 6 lines"* ]]
}

@test "decide: decisions do not depend on how the lines arrive" {
    for i in $(seq 500); do echo "{\"unit\":$i,\"device\":\"tablet\"}"; done >in
    "$UPSHOT" decide "$(shop policy.json)" <in >a
    (while read -r line; do echo "$line"; done) <in | "$UPSHOT" decide "$(shop policy.json)" >b
    cmp a b
    [ "$(wc -l <a)" -eq 500 ]
}

@test "decide: answers before the input ends, and stops when the reader does" {
    mkfifo to from
    "$UPSHOT" decide "$(shop policy.json)" <to >from &
    exec 7>to 8<from
    echo '{"unit":"u1","device":"mobile"}' >&7
    read -r -t 20 answer <&8
    [[ $answer == '{"unit":"u1"'* ]]
    exec 7>&- 8<&-
    wait $!
    status=0
    yes '{"unit":"u1","device":"mobile"}' | "$UPSHOT" decide "$(shop policy.json)" |
        head -3 >out || true
    [ "$(wc -l <out)" -eq 3 ]
}

@test "decide: one context as an option, and hostile input" {
    both "$UPSHOT" decide "$(shop policy.json)" --context '{"unit":"u1","device":"mobile"}' --json
    [ "$status" -eq 0 ]
    [ "$(jq '.rows | length' <<<"$out")" -eq 1 ]
    refused 4 E_CONTEXT "$UPSHOT" decide "$(shop policy.json)" --context '{"unit":"u1"}'
    refused 3 E_POLICY "$UPSHOT" decide "$(shop shop.truth.json)" --context '{}'
    refused 3 E_SOURCE "$UPSHOT" decide nothing.json --context '{}'
    sed 's/0.05/0.06/' "$(shop policy.json)" >changed.json
    refused 3 E_POLICY "$UPSHOT" decide changed.json --context '{"unit":"u1"}'
    head -c 3000000 /dev/zero | tr '\0' 'x' >long
    both "$UPSHOT" decide "$(shop policy.json)" <long
    [ "$status" -eq 4 ]
    head -c 20000 "$UPSHOT" >binary
    both "$UPSHOT" decide "$(shop policy.json)" <binary
    [ "$status" -eq 4 ]
}

@test "value: gains with intervals, coverage, and a warning on the same rows" {
    both "$UPSHOT" value "$(shop log.parquet)" --policy "$(shop policy.json)" --itt arm \
        --propensity propensity --cluster shopper --metric sales --covariates device --json
    [ "$status" -eq 0 ]
    jq -e '(.rows | length) == 9 and all(.rows[]; .conf_low < .estimate)
        and any(.warnings[]; .code == "N_POLICY_COVERAGE")
        and (any(.warnings[]; .code == "W_SAME_DATA") | not)' <<<"$out"
    cd "$BATS_FILE_TMPDIR" # the same rows by the same name
    both "$UPSHOT" value shop.parquet --policy policy.json --itt arm --metric sales \
        --covariates device --json
    cd "$BATS_TEST_TMPDIR"
    jq -e 'any(.warnings[]; .code == "W_SAME_DATA")' <<<"$out"
    refused 4 E_CONTEXT "$UPSHOT" value "$(shop log.parquet)" --policy \
        "$(shop policy.json)" --itt arm --propensity propensity --cluster shopper --metric sales
}

@test "adaptive: means and effects, and what it needs" {
    log=("$(shop log.parquet)" --itt arm --propensity propensity --cluster shopper
        --metric sales --covariates device)
    both "$UPSHOT" adaptive "${log[@]}" --time week --json
    [ "$status" -eq 0 ]
    jq -e '(.rows | length) == 5 and .rows[0].p_value == null and .rows[4].p_value != null
        and (any(.warnings[]; .code == "W_ADAPTIVE") | not)' <<<"$out"
    both "$UPSHOT" adaptive "${log[@]}" --time week --anytime --planned 1000 --json
    [ "$status" -eq 0 ]
    refused 2 E_ARGUMENT "$UPSHOT" adaptive "${log[@]}"
    refused 2 E_ARGUMENT "$UPSHOT" adaptive "${log[@]}" --time week --anytime
    refused 4 E_PROPENSITY "$UPSHOT" adaptive "$(shop log.parquet)" --itt arm --propensity \
        propensity --cluster shopper --metric sales --time week
}

#!/usr/bin/env bats
# Every refusal that a request can meet: the code, a message with what was found, and what to do next. Where
# the advice is a command it is one that the program knows, with options that the verb has.
load common
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    "$UPSHOT" simulate shop s.parquet --units 1200 --seed 3 >/dev/null
    "$UPSHOT" simulate shop panel.parquet --units 300 --weeks 3 --seed 3 >/dev/null
    "$UPSHOT" fit s.parquet --itt arm --metric sales --save cap.parquet >/dev/null
    "$UPSHOT" fit s.parquet --itt arm --metric sales --covariates spend_before --save x.parquet >/dev/null
    awk 'BEGIN { print "arm,treated,y,p,w,x,g,inf,gap,one,z,pair"
        for (i = 0; i < 400; i++) { a = i % 2
            print a "," (i % 20 == 1 || i % 20 == 2 || i % 80 == 3) "," (i * 37) % 101 "," (a ? 0.9 : 0.2) "," i % 5 "," \
                (i * 7) % 13 "," i % 2 "," (i == 9 ? "inf" : 1 + i % 3) "," (i == 9 ? "" : i % 3) ",1," (i % 10 < 9) "," int(i / 2) } }' >t.csv
    awk 'BEGIN { print "arm,y"; for (i = 0; i < 900; i++) print (i % 3 == 0) "," i % 7 }' >uneven.csv
    echo '{"format":"upshot policy"}' >bad.json
}
setup() {
    setup_place
    cd "$BATS_FILE_TMPDIR" || return 1
}

# CODE|field of the message that must be there|words of a request
requests() {
    cat <<'REQUESTS'
E_ARGUMENT|planned|effect s.parquet --itt arm --metric sales --inference anytime
E_ARGUMENT|margin|effect s.parquet --itt arm --metric sales --margin 'sales <= 0'
E_USAGE|--mtric|effect s.parquet --itt arm --mtric sales
E_USAGE|--itt|effect s.parquet --metric sales
E_USAGE|efect|efect s.parquet
E_EXPRESSION|column 9|effect s.parquet --itt arm --metric sales --covariates device --where 'device ='
E_COLUMN|sale|effect s.parquet --itt arm --metric sale
E_COLUMN|arms|describe s.parquet --itt arms
E_TYPE|device|effect s.parquet --itt arm --metric device
E_SOURCE|nothing.csv|effect nothing.csv --itt arm --metric y
E_CAPSULE||monitor cap.parquet x.parquet --increments --planned 9000
E_WRITE|nowhere|fit s.parquet --itt arm --metric sales --save nowhere/m.parquet
E_EMPTY|filter|effect s.parquet --itt arm --metric sales --filter 'spend_before > 1e9'
E_MISSING|gap|effect t.csv --itt arm --metric gap
E_NOT_FINITE|inf|effect t.csv --itt arm --metric inf
E_ARMS|one|effect t.csv --itt one --metric y
E_ARMS|placebo|effect t.csv --itt arm --metric y --control placebo
E_NO_VARIATION|x|effect t.csv --itt arm --metric y --covariates x --where 'x = 99'
E_UNIT|shopper|effect panel.parquet --itt arm --metric sales --unit shopper
E_CLUSTER|g|effect t.csv --itt arm --metric y --cluster pair --assigned-by-cluster
E_PROPENSITY|one|effect t.csv --itt arm --metric y --propensity one
E_PROPENSITY|p|effect t.csv --itt arm --metric y --propensity p
E_WEIGHT|w|effect t.csv --itt arm --metric y --weight w
E_POST_TREATMENT|views|effect s.parquet --itt arm --metric sales --covariates views --post views
E_POST_TREATMENT|views|effect s.parquet --itt arm --metric sales --covariates views --graph 'arm -> views -> sales'
E_BALANCE|views|effect s.parquet --itt arm --metric sales --covariates views
E_CONDITION|views|effect s.parquet --itt arm --metric sales --where 'views > 3'
E_ESTIMAND|Anderson-Rubin|effect s.parquet --itt arm --metric sales --interval ar
E_SRM|p = |effect uneven.csv --itt arm --metric y
E_WEAK_INSTRUMENT|F|effect t.csv --itt arm --treated treated --metric y
E_NEEDS_ROWS|capsule|effect cap.parquet --over week
E_PRIOR|nothing|effect s.parquet --itt arm --metric sales --prior 'nothing ~ normal(0, 1)'
E_POSTERIOR|posterior|effect s.parquet --itt arm --metric sales --posterior robust --adjust holm
E_POLICY|version|decide bad.json
E_GRAPH|a -> b -> a|graph 'a -> b -> a'
E_NOT_IDENTIFIED|arm <-> sales|effect s.parquet --itt arm --metric sales --graph 'arm -> sales; arm <-> sales'
E_NOT_IDENTIFIED|front door|effect s.parquet --itt arm --metric sales --graph 'arm -> views -> sales; arm <-> sales'
E_MEDIATION|arm|mediate s.parquet --itt arm --graph 'views -> sales'
E_SUPPORT|device|project s.parquet --itt arm --metric sales --covariates device --to 'device=fridge:1'
E_HORIZON|period|project panel.parquet --itt arm --cluster shopper --metric sales --time week --forward 9
E_PLAN|power|power --baseline 45 --sd 1e9 --effect 1e-7%
E_LOOKS|look|monitor cap.parquet cap.parquet --planned 900
E_PEEK|1200|effect s.parquet --itt arm --metric sales --planned 5000
E_PEEK|again|monitor s.parquet --looks-by week --itt arm --metric sales --planned 5000 --inference fixed
REQUESTS
}

@test "every refusal has its code, the reason, and the next valid call" {
    local code part words bad=0 fix command
    while IFS='|' read -r code part words; do
        eval "set -- $words"
        both "$UPSHOT" "$@" --json </dev/null
        fix=$(jq -r '.fix // ""' <<<"$out" 2>/dev/null)
        if [ "$(jq -r '.code // "answered"' <<<"$out" 2>/dev/null)" != "$code" ]; then
            echo "# $words: wanted $code, got $out" >&3
            bad=1
        elif [ -z "$fix" ] || [[ $(jq -r '.message + .field' <<<"$out") != *"$part"* ]]; then
            echo "# $words: $out" >&3
            bad=1
        fi
        # 'upshot VERB' in the advice, and the options after it.
        while read -r command; do
            [ -n "${command%% *}" ] || continue
            "$UPSHOT" help "${command%% *}" >/dev/null || { echo "# $words: no such verb: $fix" >&3; bad=1; }
        done < <(grep -o "'upshot [a-z]* *[a-z]*" <<<"$fix" | sed "s/'upshot //; s/^help *//; s/^guide.*//; s/^explain.*//")
        while read -r command; do
            [ -n "$command" ] || continue
            "$UPSHOT" help "$1" | grep -q -e "$command" || "$UPSHOT" help effect | grep -q -e "$command" ||
                { echo "# $words: no option $command: $fix" >&3; bad=1; }
        done < <(grep -o -e '--[a-z][a-z0-9-]*' <<<"$fix")
    done < <(requests)
    [ "$bad" -eq 0 ]
}

# What no request can bring about, or only from outside: a defect, memory, an older library, a missing engine, a
# signal; and what is tested where it belongs: an exit code that is no failure, and logs of policies.
@test "no refusal is left out" {
    local code
    for code in $("$UPSHOT" explain | awk '/^  E_/ { print $1 }'); do
        case $code in
        E_INTERNAL | E_NO_MEMORY | E_OPTIONS_TOO_NEW | E_ENGINE | E_STOPPED) ;;
        E_STRICT | E_CONTEXT | E_OVERLAP | E_SINGULAR) grep -q "$code" "$BATS_TEST_DIRNAME"/*.bats ;;
        *) requests | grep -q "^$code|" || { echo "$code is missing"; false; } ;;
        esac
    done
}

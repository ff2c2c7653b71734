#!/usr/bin/env bats
# graph and discover: answers in words and in JSON, the same from text, file, rows and capsule.
load common
setup_file() { make_shop; }
setup() { setup_place; }

store='arm -> searches; arm -> views; searches -> views -> sales; searches -> sales; arm -> sales'

@test "an effect is identified, and what must not be adjusted for is named" {
    both "$UPSHOT" graph "$store" --treatment arm --outcome sales
    [ "$status" -eq 0 ]
    [[ $out == "the effect of arm on sales is identified without adjustment"* ]]
    [[ $out == *"views is on a path of the effect, arm -> views -> sales"* ]]
    both "$UPSHOT" graph 'price -> demand; season -> {price demand}' --treatment price \
        --outcome demand --json
    [ "$(jq -r '.rows[] | select(.about == "adjustment") | .nodes' <<<"$out")" = season ]
    both "$UPSHOT" graph 'z -> x -> y; x <-> y' --treatment x --outcome y --json
    [ "$(jq -r '.rows[0] | .about, .nodes' <<<"$out" | tr '\n' ' ')" = "instrument z " ]
}

@test "a wrong control has its reason, a right one none" {
    both "$UPSHOT" graph "$store" --treatment arm --outcome sales --adjust-for views --json
    [[ $(jq -r .headline <<<"$out") == "adjusting for views does not give"* ]]
    [ "$(jq '[.rows[] | select(.about == "problem")] | length' <<<"$out")" -eq 1 ]
    # M-bias: the collider alone is harmful, with one of its causes it is not
    m='x -> y; a -> x; a -> c; b -> c; b -> y; latent b'
    both "$UPSHOT" graph "$m" --treatment x --outcome y --adjust-for c --json
    [[ $(jq -r .headline <<<"$out") == *"opened by c"* ]]
    both "$UPSHOT" graph "$m" --treatment x --outcome y --adjust-for c,a --json
    [[ $(jq -r .headline <<<"$out") == "adjusting for a and c gives"* ]]
    both "$UPSHOT" graph "$m; latent a" --treatment x --outcome y --json
    [[ $(jq -r '.rows[].text' <<<"$out") == *"c opens a path that is closed without it: x <- a -> c <- b -> y, opened by c"* ]]
}

@test "independence is answered path by path" {
    both "$UPSHOT" graph "$store" --independent 'arm, sales | searches, views' --json
    [[ $(jq -r .headline <<<"$out") == *"open is arm -> sales" ]]
    [ "$(jq '[.rows[] | select(.about == "path" and .open == 1)] | length' <<<"$out")" -eq 1 ]
    [ "$(jq '[.rows[] | select(.about == "path")] | length' <<<"$out")" -eq 5 ]
    both "$UPSHOT" graph 'a -> "my m" -> b' --independent 'a, b | "my m"'
    [[ $out == 'a and b are independent given "my m": every path is blocked'* ]]
}

@test "text, file, DOT and dagitty are the same graph" {
    "$UPSHOT" graph "$store; latent u; u -> sales" --format dot >g.dot
    "$UPSHOT" graph g.dot --format dagitty >g.txt
    "$UPSHOT" graph g.txt --format text >back
    [ "$(cat back)" = "$("$UPSHOT" graph "$store; latent u; u -> sales" --format text)" ]
    "$UPSHOT" graph g.txt --format json | jq -e '.edges | length == 7'
    # A result as JSON holds the graph as well.
    [ "$("$UPSHOT" graph g.dot --json | jq -r .text)" = "$(cat back)" ]
}

@test "implied independences are tested on rows and capsule alike" {
    roles="--itt arm --metric searches --metric views --metric sales --covariates spend_before"
    g='"arm=diverse" -> {searches views sales}; searches -> views -> sales; spend_before -> searches'
    both "$UPSHOT" graph "$g" "$(shop shop.parquet)" $roles --json
    [ "$status" -eq 0 ]
    jq -e '[.warnings[].code] | index("W_IMPLICATION")' <<<"$out"
    # The store has searches -> sales and spend_before -> sales: these two are missed.
    [ "$(jq -r '.rows[] | select(.rejected == 1) | .nodes' <<<"$out" | sort | tr '\n' ' ')" = \
        "searches,sales spend_before,sales " ]
    rows=$(jq -c .rows <<<"$out")
    "$UPSHOT" fit "$(shop shop.parquet)" $roles --save cap.parquet >/dev/null
    both "$UPSHOT" graph "$g" cap.parquet --json
    [ "$(jq -c .rows <<<"$out")" = "$rows" ]
}

@test "discover finds the store, the same for any number of threads" {
    roles="--itt arm --metric searches --metric views --metric sales --covariates spend_before,visits_before"
    "$UPSHOT" simulate shop big.parquet --units 20000 --seed 5 >/dev/null
    both "$UPSHOT" discover big.parquet $roles --tiers 'searches < views < sales' --json --full --threads 1
    [ "$status" -eq 0 ]
    one=$out
    both "$UPSHOT" discover big.parquet $roles --tiers 'searches < views < sales' --json --full --threads 4
    [ "$out" = "$one" ]
    jq -e '.rows | map("\(.from)>\(.to)") | contains(["arm>searches", "arm>views", "searches>views", "searches>sales", "views>sales"])' <<<"$out"
    jq -e '.rows[] | select(.from == "searches" and .to == "views") | .frequency > 0.95' <<<"$out"
    jq -e '[.warnings[].code] | index("N_HYPOTHESIS")' <<<"$out"
    [[ $(jq -r .headline <<<"$out") == "a hypothesis, not a finding"* ]]
    # The graph found goes back into graph.
    "$UPSHOT" graph "$(jq -r .text <<<"$out")" --format dot | grep -q 'searches -> views'
    # Another seed gives other resamples of the same graph.
    both "$UPSHOT" discover big.parquet $roles --tiers 'searches < views < sales' --seed 9 --json
    [ "$(jq -r .text <<<"$out")" = "$(jq -r .text <<<"$one")" ]
}

@test "a graph that was found is tested by the next command" {
    "$UPSHOT" simulate shop c.parquet --units 3000 --clusters 500 --seed 3 >/dev/null
    both "$UPSHOT" discover c.parquet --itt arm --cluster household --metric searches \
        --metric views --covariates spend_before --tiers 'searches < views' --bootstrap 20 --json
    jq -e '[.warnings[].code] | index("N_APPROXIMATE")' <<<"$out"
    [ "$(jq '.rows | map(.frequency) | min > 0' <<<"$out")" = true ]
    next=$(jq -r '.next[0]' <<<"$out")
    eval "$UPSHOT ${next#upshot } >again"
}

@test "refusals" {
    refused 2 E_GRAPH "$UPSHOT" graph 'a -> b -> a'
    refused 2 E_GRAPH "$UPSHOT" graph 'a -> b; page views -> c'
    refused 3 E_SOURCE "$UPSHOT" graph nothing.dot
    refused 2 E_ARGUMENT "$UPSHOT" graph 'a -> b' --treatment a --outcome c
    refused 2 E_ARGUMENT "$UPSHOT" graph 'a -> b' --treatment a
    refused 2 E_USAGE "$UPSHOT" graph 'a -> b' --independent 'a'
    refused 2 E_USAGE "$UPSHOT" graph 'a -> b' --independent 'a,,b'
    refused 4 E_NOT_IDENTIFIED "$UPSHOT" graph 'x -> y; x <-> y' --treatment x --outcome y
    refused 2 E_GRAPH "$UPSHOT" graph 'a -- b -> c' --treatment a --outcome c
    s=$(shop shop.parquet)
    refused 2 E_COLUMN "$UPSHOT" graph 'arm -> sales; arm -> views' "$s" --itt arm --metric sales
    refused 2 E_GRAPH "$UPSHOT" graph 'sales <-> arm' "$s" --itt arm --metric sales
    refused 4 E_POST_TREATMENT "$UPSHOT" graph 'arm -> spend_before -> sales' "$s" --itt arm \
        --metric sales --covariates spend_before
    refused 2 E_TYPE "$UPSHOT" discover "$s" --itt arm --metric sales --covariates device
    refused 2 E_TYPE "$UPSHOT" discover "$s" --itt arm --metric 'r = ratio(sales, views)'
    refused 2 E_ARGUMENT "$UPSHOT" discover "$s" --itt arm --metric sales --tiers 'sales < arm'
    refused 2 E_ARGUMENT "$UPSHOT" discover "$s" --itt arm --metric sales --tiers 'sale'
    refused 2 E_ARGUMENT "$UPSHOT" discover "$s" --itt arm --metric sales --tiers 'sales <'
    refused 4 E_SINGULAR "$UPSHOT" discover "$s" --itt arm --metric sales --metric 's2 = 2 * sales'
    "$UPSHOT" fit "$s" --itt arm --metric sales --save cap.parquet >/dev/null
    refused 4 E_NEEDS_ROWS "$UPSHOT" discover cap.parquet --bootstrap 10
    both "$UPSHOT" discover cap.parquet --json
    jq -e '[.warnings[].code] | index("N_NO_FREQUENCIES")' <<<"$out"
}

@test "a graph guards an analysis: what it forbids is refused with the path, and the advice holds" {
    local s
    s=$(shop shop.parquet)
    both "$UPSHOT" effect "$s" --itt arm --metric sales --covariates device --json \
        --graph 'arm -> views -> sales; device -> sales'
    [ "$status" -eq 0 ]
    jq -e '.warnings[] | select(.code == "N_GRAPH") | .text | test("adjusting for device gives")' <<<"$out"
    [[ $(jq -r .options.graph <<<"$out") == "arm -> views -> sales; device -> sales" ]]
    refused 4 E_POST_TREATMENT "$UPSHOT" effect "$s" --itt arm --metric sales --covariates views \
        --graph 'arm -> views -> sales'
    [[ $(jq -r .message <<<"$out") == *"arm -> views"* ]]
    refused 4 E_NOT_IDENTIFIED "$UPSHOT" effect "$s" --itt arm --metric sales --graph 'device -> arm -> sales; device -> sales'
    [ "$(jq -r .fix <<<"$out")" = "adjust for it: --covariates device" ]
    refused 4 E_NOT_IDENTIFIED "$UPSHOT" effect "$s" --itt arm --metric sales --graph 'arm -> views -> sales; arm <-> sales'
    [[ $(jq -r .message <<<"$out") == *"front door alone (views"* ]]
    refused 4 E_NOT_IDENTIFIED "$UPSHOT" effect "$s" --itt arm --metric sales --covariates device \
        --graph 'arm -> sales; arm <-> device; device <-> sales'
    [ "$(jq -r .fix <<<"$out")" = "leave device out of --covariates" ]
    refused 4 E_NOT_IDENTIFIED "$UPSHOT" effect "$s" --itt arm --metric sales --graph 'arm -> sales; arm <-> sales'
    for verb in fit mediate; do
        refused 4 E_POST_TREATMENT "$UPSHOT" $verb "$s" --itt arm --covariates spend_before \
            --graph 'arm -> {views sales spend_before}; views -> sales; outcome sales'
    done
    # From a capsule as from the rows.
    "$UPSHOT" fit "$s" --itt arm --metric sales --covariates device --save guard.parquet >/dev/null
    refused 4 E_NOT_IDENTIFIED "$UPSHOT" effect guard.parquet --graph 'arm -> sales; arm <-> sales'
}

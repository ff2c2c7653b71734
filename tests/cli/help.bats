#!/usr/bin/env bats
# Help, man pages, completion and schemas come from the catalog and are well formed.
load common
setup() { setup_place; }

verbs=$("$UPSHOT" schema | jq -r '.[].name')

@test "help of every verb: 80 columns, examples first, all ways to ask" {
    for v in $verbs; do
        both "$UPSHOT" help "$v"
        [ "$status" -eq 0 ]
        [[ $out == "upshot $v - "*Examples*Usage* ]]
        # Only a line that is one long word may be wider.
        ! awk 'length($0) > 80 && NF > 1' <<<"$out" | grep .
        page=$out
        both "$UPSHOT" "$v" --help
        [ "$out" = "$page" ]
        both "$UPSHOT" "$v" -h
        [ "$out" = "$page" ]
    done
}

@test "man pages have no warnings" {
    command -v groff >/dev/null || skip "groff is not installed"
    for v in "" $verbs; do
        "$UPSHOT" man $v >page.1
        run groff -ww -man -Tutf8 page.1
        [ "$status" -eq 0 ]
        groff -ww -man -Tutf8 page.1 2>warnings >/dev/null
        [ ! -s warnings ] || { cat warnings; false; }
    done
}

@test "completion is valid bash and completes verbs, options and choices" {
    "$UPSHOT" completion bash >c.bash
    bash -n c.bash
    run bash -c 'source ./c.bash; COMP_WORDS=(upshot eff); COMP_CWORD=1; _upshot; echo ${COMPREPLY[*]}'
    [ "$output" = effect ]
    run bash -c 'source ./c.bash; COMP_WORDS=(upshot effect x --vcov hc); COMP_CWORD=4; _upshot; echo ${COMPREPLY[*]}'
    [ "$output" = "hc0 hc1 hc2 hc3" ]
    run bash -c 'source ./c.bash; COMP_WORDS=(upshot fit x --prop); COMP_CWORD=3; _upshot; echo ${COMPREPLY[*]}'
    [ "$output" = "--propensity" ]
}

@test "schemas are flat objects with described properties and examples" {
    for v in $verbs; do
        "$UPSHOT" schema "$v" | jq -e '.request
            | .type == "object" and .additionalProperties == false
            and (has("oneOf") or has("anyOf") or has("allOf") | not)
            and ([.. | objects | has("$ref")] | any | not)
            and (.properties | all(.[]; .description != null and (.examples | length) > 0
                and .type != null))'
        "$UPSHOT" schema "$v" | jq -e '.result.type == "object" and (.result.required | length) == 3'
    done
    # The verbs of the loops come from there: all that the overview lists.
    [ "$(wc -w <<<"$verbs")" -ge 9 ]
    [ "$(wc -w <<<"$verbs")" -eq "$("$UPSHOT" help | awk '/^Verbs/ {on = 1; next} /^$/ {on = 0} on' | wc -l)" ]
}

@test "every code has a page" {
    codes=$("$UPSHOT" explain | awk '/^  [A-Z]/ {print $1}')
    [ "$(wc -w <<<"$codes")" -gt 50 ]
    for c in $codes; do
        both "$UPSHOT" explain "$c"
        [ "$status" -eq 0 ]
        [[ $out == "$c: "*"What it means"*"What to do"* ]]
    done
}

@test "every topic of the guide has a page of 80 columns" {
    both "$UPSHOT" guide
    [ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' <<<"$out")" -le 80 ]
    topics=$(grep -oE '^  [a-z-]+' <<<"$out")
    [ "$(wc -w <<<"$topics")" -gt 10 ]
    for t in $topics; do
        both "$UPSHOT" guide "$t"
        [ "$status" -eq 0 ]
        [[ $out == "# $t: "* ]]
        [ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' <<<"$out")" -le 80 ]
    done
}

@test "examples of the help are valid requests" {
    "$UPSHOT" simulate shop shop.parquet --units 2000 >/dev/null
    "$UPSHOT" simulate shop panel.parquet --units 300 --weeks 2 >/dev/null
    for v in check fit effect describe; do
        "$UPSHOT" help "$v" | awk '/^Examples/ {on=1; next} /^Usage/ {on=0} on' \
            | awk '/^  [^ ]/ {if (l) print l; l=$0; next} {sub(/^ +/, " "); l=l $0} END {print l}' \
            | grep -E "^ *upshot [a-z]+ (shop|panel|shop-capsule)\.parquet" >lines
        while IFS= read -r line; do
            [[ $line == *capsule* && ! -e shop-capsule.parquet ]] && "$UPSHOT" fit shop.parquet \
                --itt arm --metric sales --covariates device --save shop-capsule.parquet >/dev/null
            run bash -c "upshot() { \"$UPSHOT\" \"\$@\"; }; $line"
            [ "$status" -eq 0 ] || [ "$status" -eq 5 ] || { echo "$line: $output"; false; }
        done <lines
    done
}

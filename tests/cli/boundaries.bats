#!/usr/bin/env bats
# Plans of looks: the table, its numbers, its refusals.
load common
setup() { setup_place; }

@test "boundaries: the classical tables" {
    both "$UPSHOT" boundaries --looks 4 --spending wang-tsiatis --json --full
    [ "$status" -eq 0 ]
    # O'Brien and Fleming, 4 looks, two-sided 5 %: 4.05 2.86 2.34 2.02
    jq -e '[.rows[].efficacy * 100 | round] == [405, 286, 234, 202]' <<<"$out"
    both "$UPSHOT" boundaries --looks 4 --spending wang-tsiatis --spending-parameter 0.5 \
        --json --full
    jq -e '[.rows[].efficacy * 1000 | round] == [2361, 2361, 2361, 2361]' <<<"$out"
    jq -e '.design.inflation * 1000 | round == 1202' <<<"$out"
}

@test "boundaries: information in rows, planned size, futility" {
    both "$UPSHOT" boundaries --information 250,450,630,810 --spending power \
        --spending-parameter 2 --alpha 0.01 --planned 810 --json --full
    [ "$status" -eq 0 ]
    jq -e '[.rows[].n] == [250, 450, 630, 810]' <<<"$out"
    jq -e '(.rows[3].efficacy - 2.7285504744992 | fabs) < 1e-11' <<<"$out"
    both "$UPSHOT" boundaries --looks 3 --sides greater --alpha 0.025 \
        --futility nonbinding --json --full
    jq -e '(.rows[0].futility + 0.236144607779 | fabs) < 1e-6
        and .rows[2].futility == .rows[2].efficacy
        and .design.type_one_error < 0.025' <<<"$out"
}

@test "boundaries: text and CSV have a line per look" {
    both "$UPSHOT" boundaries --looks 3
    [ "$(grep -c '^ \+[123] ' <<<"$out")" -eq 3 ]
    both "$UPSHOT" boundaries --looks 3 --csv
    [ "$(wc -l <<<"$out")" -eq 4 ]
}

@test "boundaries: anytime bounds err less often than alpha" {
    both "$UPSHOT" boundaries --looks 20 --inference anytime --json --full
    jq -e '.design.type_one_error < 0.02 and (.design.mixture - 0.121773488698657 | fabs)
        < 1e-12' <<<"$out"
}

@test "boundaries: what is no plan is refused in one line" {
    for wrong in '--futility binding' '--looks 3 --information 1,2' '--information 1,x' \
        '--information 2,1' '--power 0.001' '--looks 0' '--spending-parameter 3' \
        '--alpha 0.9' '--futility-spending wang-tsiatis'; do
        # shellcheck disable=SC2086
        both "$UPSHOT" boundaries $wrong
        [ "$status" -eq 2 ]
        [ -z "$out" ]
        [[ $errors == "upshot: E_"* ]]
    done
}

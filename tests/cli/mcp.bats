#!/usr/bin/env bats
# The agent's door as the program opens it: its page, its options, its ends. The protocol is
# tested in tests/mcp.
load common
setup() { setup_place; }

initialize='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bats","version":"1"}}}'

@test "it has a page, a man page and completion, but no schema" {
    both "$UPSHOT" help mcp
    [ "$status" -eq 0 ]
    [[ $out == "upshot mcp - "*Examples*Usage*--allow*--cache*--http*Refusals* ]]
    [ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' <<<"$out")" -le 80 ]
    page=$out
    both "$UPSHOT" mcp --help
    [ "$out" = "$page" ]
    "$UPSHOT" man mcp | grep -q '^\.TH "upshot-mcp" 1'
    "$UPSHOT" completion bash >c.bash
    run bash -c 'source ./c.bash; COMP_WORDS=(upshot mc); COMP_CWORD=1; _upshot; echo ${COMPREPLY[*]}'
    [ "$output" = mcp ]
    run bash -c 'source ./c.bash; COMP_WORDS=(upshot mcp --a); COMP_CWORD=2; _upshot; echo ${COMPREPLY[*]}'
    [ "$output" = --allow ]
    both "$UPSHOT" schema mcp
    [ "$status" -eq 2 ]
}

@test "options that it does not have, and values that cannot be" {
    for words in "x" "--http 65536" "--http x" "--http 1 --http 2" "--csv" "--output f" "--metric x"; do
        # shellcheck disable=SC2086
        both "$UPSHOT" mcp $words </dev/null
        [ "$status" -eq 2 ]
        [ -z "$out" ]
        [[ $errors == *"E_USAGE"*"Do: "* ]]
    done
    both "$UPSHOT" mcp --allow nowhere </dev/null
    [ "$status" -eq 3 ]
    [ -z "$out" ]
}

@test "it ends with its input, and says nothing that was not asked" {
    both "$UPSHOT" mcp --cache cache </dev/null
    [ "$status" -eq 0 ]
    [ -z "$out$errors" ]
}

@test "a call is answered after the end of the input; every line is a message" {
    "$UPSHOT" simulate shop shop.parquet --units 2000 >/dev/null
    both "$UPSHOT" mcp --cache cache <<END
$initialize
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"describe_data","arguments":{"source":"shop.parquet"}}}
END
    [ "$status" -eq 0 ]
    [ -z "$errors" ]
    [ "$(jq -c 'select(.jsonrpc == "2.0") | .id' <<<"$out" | sort | tr '\n' ' ')" = "1 2 3 " ]
    jq -se '.[] | select(.id == 1) | .result.serverInfo.name == "upshot"' <<<"$out"
    jq -se '.[] | select(.id == 3) | .result.structuredContent.ok' <<<"$out"
}

@test "a directory that is allowed, and one that is not" {
    mkdir in out
    "$UPSHOT" simulate shop in/shop.parquet --units 500 >/dev/null
    cp in/shop.parquet out/
    for place in in out; do
        both "$UPSHOT" mcp --cache cache --allow in <<<'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"describe_data","arguments":{"source":"'"$place"'/shop.parquet"}}}'
        [ "$status" -eq 0 ]
        jq -e --arg place "$place" '(.result.isError == true) == ($place == "out")' <<<"$out"
    done
}

@test "a signal ends it" {
    mkfifo pipe
    for number in INT TERM; do
        "$UPSHOT" mcp --cache cache <pipe >answers &
        server=$!
        exec 7>pipe
        echo "$initialize" >&7
        for _ in $(seq 200); do [ -s answers ] && break; sleep 0.05; done
        kill -s "$number" "$server"
        code=0
        wait "$server" || code=$?
        exec 7>&-
        # A shell starts what it puts into the background with SIGINT ignored; the program catches it all the same.
        [ "$code" -eq $((128 + $(kill -l "$number"))) ]
    done
}

@test "over HTTP on this machine alone, until a signal" {
    "$UPSHOT" mcp --cache cache --http 0 2>address &
    server=$!
    for _ in $(seq 200); do grep -q http address && break; sleep 0.05; done
    url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+/mcp' address)
    answer=$(python3 - "$url" "$initialize" <<'END'
import sys, urllib.request
headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), headers)
print(urllib.request.urlopen(request, timeout=20).read().decode())
END
    )
    kill -s TERM "$server"
    code=0
    wait "$server" || code=$?
    [ "$code" -eq 0 ]
    jq -e '.result.serverInfo.name == "upshot"' <<<"$answer"
}

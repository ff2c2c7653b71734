// One of the two official clients against the test server, over one of the transports.
//     node sdk.cjs MODULES v1|v2 legacy|auto|2026-07-28 http URL
//     node sdk.cjs MODULES v1|v2 legacy|auto|2026-07-28 stdio COMMAND...
"use strict";
const assert = require("node:assert");
const { createRequire } = require("node:module");

const [, , modules, line, era, transport, ...target] = process.argv;
const load = createRequire(modules + "/client.js");

function open() {
    const v1 = line === "v1";
    const base = "@modelcontextprotocol/" + (v1 ? "sdk/client" : "client");
    const { Client } = load(v1 ? base + "/index.js" : base);
    const http = load(v1 ? base + "/streamableHttp.js" : base).StreamableHTTPClientTransport;
    const stdio = load(v1 ? base + "/stdio.js" : base + "/stdio").StdioClientTransport;
    const mode = era === "legacy" || era === "auto" ? era : { pin: era };
    const client = new Client(
        { name: "upshot-test", version: "1" },
        v1 ? {} : { versionNegotiation: { mode } },
    );
    const wire =
        transport === "http"
            ? new http(new URL(target[0]))
            : new stdio({ command: target[0], args: target.slice(1), stderr: "inherit" });
    return { client, wire, v1 };
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function main() {
    const { client, wire, v1 } = open();
    const call = (name, args, options) =>
        v1
            ? client.callTool({ name, arguments: args }, undefined, options)
            : client.callTool({ name, arguments: args }, options);
    await client.connect(wire);
    assert.strictEqual(client.getServerVersion().name, "mcp_fixture");

    const { tools } = await client.listTools();
    assert.ok(tools.length > 15 && tools.some((t) => t.name === "wait"));
    const { resources } = await client.listResources();
    assert.strictEqual(resources.length, 2);
    const read = await client.readResource({ uri: "test://static-text" });
    assert.match(read.contents[0].text, /static text/);
    const { prompts } = await client.listPrompts();
    assert.ok(prompts.length > 3);

    const image = await call("test_image_content", {});
    assert.strictEqual(image.content[0].mimeType, "image/png");
    const failed = await call("test_error_handling", {});
    assert.strictEqual(failed.isError, true);
    const absent = await call("no_such_tool", {}).then(
        () => null,
        (e) => e,
    );
    assert.strictEqual(absent?.code, -32602);

    const seen = [];
    const waited = await call("wait", { seconds: 0.9 }, { onprogress: (p) => seen.push(p) });
    assert.strictEqual(waited.content[0].text, "waited");
    assert.ok(seen.length >= 2, `progress was told ${seen.length} times`);
    seen.reduce((before, p) => {
        assert.ok(p.progress > before && p.progress <= p.total);
        return p.progress;
    }, -1);

    const abort = new AbortController();
    const begun = Date.now();
    const given_up = call("wait", { seconds: 50 }, { signal: abort.signal }).then(
        () => null,
        (e) => e,
    );
    setTimeout(() => abort.abort("enough"), 300);
    assert.ok(await given_up, "a call that was cancelled was answered");
    assert.ok(Date.now() - begun < 10000);
    let count = "0";
    for (let i = 0; count === "0" && i < 100; i++) {
        await sleep(50);
        count = (await call("cancelled_count", {})).content[0].text;
    }
    assert.strictEqual(count, "1", "the server did not see the cancellation");

    await client.close();
    console.log(`${line} ${era} ${transport}: ok`);
}

const late = setTimeout(() => {
    console.error(`${line} ${era} ${transport}: no end`);
    process.exit(1);
}, 40000);
main().then(
    () => clearTimeout(late),
    (e) => {
        console.error(`${line} ${era} ${transport}:`, e);
        process.exit(1);
    },
);

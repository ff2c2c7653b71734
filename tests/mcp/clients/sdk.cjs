// One of the two official clients, over one of the transports, against the test server or against
// upshot mcp with the file shop.parquet.
//     node sdk.cjs MODULES fixture|upshot v1|v2 legacy|auto|2026-07-28 http URL
//     node sdk.cjs MODULES fixture|upshot v1|v2 legacy|auto|2026-07-28 stdio COMMAND...
"use strict";
const assert = require("node:assert");
const { createRequire } = require("node:module");

const [, , modules, scene, line, era, transport, ...target] = process.argv;
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

const failure = (promise) =>
    promise.then(
        () => null,
        (e) => e,
    );

// Everything that the protocol has, and that the test server was made to show.
async function fixture(client, call) {
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
    const absent = await failure(call("no_such_tool", {}));
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
    const onprogress = () => abort.abort("enough");
    const given_up = failure(
        call("wait", { seconds: 50 }, { signal: abort.signal, onprogress }),
    );
    assert.ok(await given_up, "a call that was cancelled was answered");
    assert.ok(Date.now() - begun < 20000);
    let count = "0";
    for (let i = 0; count === "0" && i < 100; i++) {
        await sleep(50);
        count = (await call("cancelled_count", {})).content[0].text;
    }
    assert.strictEqual(count, "1", "the server did not see the cancellation");
}

// From the file to an effect by doing what each answer proposes; the clients hold every answer
// against the schema that the tool declares.
async function upshot(client, call) {
    assert.strictEqual(client.getServerVersion().name, "upshot");
    assert.ok(client.getInstructions().length > 200);
    const { tools } = await client.listTools();
    assert.ok(tools.length >= 8 && tools.length <= 12);
    assert.ok((await client.listPrompts()).prompts.length >= 4);
    assert.ok((await client.listResourceTemplates()).resourceTemplates.length >= 1);
    const { resources } = await client.listResources();
    const page = await client.readResource({ uri: resources[0].uri });
    assert.ok(page.contents[0].text.length > 100);

    let next = { tool: "describe_data", arguments: { source: "shop.parquet" } };
    const path = [];
    let answer = null;
    while (path.length < 6 && path.at(-1) !== "infer_effect") {
        answer = await call(next.tool, next.arguments);
        assert.ok(!answer.isError, JSON.stringify(answer.content));
        assert.deepStrictEqual(JSON.parse(answer.content[0].text), answer.structuredContent);
        path.push(next.tool);
        next = answer.structuredContent.agent.next_calls[0];
    }
    assert.deepStrictEqual(path, ["describe_data", "declare_design", "fit", "infer_effect"]);
    assert.strictEqual(typeof answer.structuredContent.rows[0].estimate, "number");

    const refused = await call("describe_data", { source: "/etc/passwd" });
    assert.strictEqual(refused.isError, true);
    assert.match(refused.content[0].text, /E_SOURCE/);
}

async function main() {
    const { client, wire, v1 } = open();
    const call = (name, args, options) =>
        v1
            ? client.callTool({ name, arguments: args }, undefined, options)
            : client.callTool({ name, arguments: args }, options);
    await client.connect(wire);
    await (scene === "upshot" ? upshot : fixture)(client, call);
    await client.close();
    console.log(`${scene} ${line} ${era} ${transport}: ok`);
}

const late = setTimeout(() => {
    console.error(`${scene} ${line} ${era} ${transport}: no end`);
    process.exit(1);
}, 40000);
main().then(
    () => clearTimeout(late),
    (e) => {
        console.error(`${scene} ${line} ${era} ${transport}:`, e);
        process.exit(1);
    },
);

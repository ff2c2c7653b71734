// Charts as Vega-Lite itself sees them: check.mjs DRAW UPSHOT MODULES DIRECTORY. Each answer is
// drawn twice (the bytes must be equal), held against the schema of Vega-Lite 6, compiled by
// Vega-Lite 6 and 5 without a warning, rendered, and looked through for what must be there.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';

const [, , draw, upshot, modules, directory] = process.argv;
const root = path.join(path.resolve(modules), 'node_modules');
const require = createRequire(path.join(root, 'x.js'));
const Ajv = require('ajv').default;
const schema = JSON.parse(fs.readFileSync(path.join(root, 'vega-lite/build/vega-lite-schema.json')));
const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: false });
const valid = {};
for (const part of ['TopLevelLayerSpec', 'TopLevelFacetSpec']) {
  valid[part] = ajv.compile({ ...schema, $ref: `#/definitions/${part}`, $id: part });
}
// The builds for browsers, each pair in a context of its own, so that no part of one Vega is used
// by the other.
function engine(version, suffix) {
  const context = vm.createContext({ console, setTimeout, clearTimeout, structuredClone, URL, fetch });
  context.self = context.window = context;
  for (const file of [`vega${suffix}/build/vega.min.js`, `vega-lite${suffix}/build/vega-lite.min.js`]) {
    vm.runInContext(fs.readFileSync(path.join(root, file), 'utf8'), context);
  }
  return [version, context.vega, context.vegaLite];
}
const engines = [engine(6, ''), engine(5, '5')];

fs.rmSync(directory, { recursive: true, force: true });
fs.mkdirSync(directory, { recursive: true });
process.chdir(directory);
const run = (file, words) => execFileSync(file, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
run(upshot, ['simulate', 'shop', 'shop.csv', '--units', '3000', '--seed', '7']);
run(upshot, ['simulate', 'shop', 'panel.csv', '--units', '600', '--weeks', '4', '--seed', '7']);
run(upshot, ['simulate', 'shop', 'arms.csv', '--units', '2000', '--arms', '6', '--seed', '7']);
run(upshot, ['simulate', 'shop', 'invited.csv', '--units', '2000', '--noncompliance', 'two-sided', '--seed', '7']);
// an instrument that hardly moves the treatment, labels of two scripts, a long one, hostile ones
const long = 'a label that is far longer than any axis has room for '.repeat(6).trim();
const names = ['простой', '対照群', long, '</script><b>"x"\\\'', 'e\u0301\u202e', 'a · b'];
fs.writeFileSync('odd.csv', 'arm,treated,y,where\n' + Array.from({ length: 1200 }, (_, i) => {
  const arm = i % 2 ? 'new' : 'control';
  const treated = ((i * 40503) >> 7) % 10 < (arm === 'new' ? 6 : 5) ? 'new' : 'control';
  return `${arm},${treated},${((i * 104729) % 997) / 100 + (i % 2) / 50},"${names[i % 12 >> 1].replaceAll('"', '""')}"`;
}).join('\n') + '\n');

fs.writeFileSync('many.csv', 'arm,y,z,where\n' + Array.from({ length: 6000 }, (_, i) =>
  `${i % 2 ? 'new' : 'control'},${((i * 104729) % 997) / 100},${((i * 7919) % 991) / 10 + i % 3},w${(i >> 1) % 150}`).join('\n') + '\n');

const panel = ['panel.csv', '--itt', 'arm', '--cluster', 'shopper', '--metric', 'sales'];
const shop = ['shop.csv', '--itt', 'arm', '--metric', 'sales'];
const graph = ['--graph', 'arm -> {searches views sales}; searches -> {views sales}; views -> sales'];
run(upshot, ['policy', ...shop, '--covariates', 'device', '--save', 'policy.json']);
// name, kind, scale, words of the command, least number of marks by type, texts that are drawn
const cases = [
  ['one row', '-', 0, ['effect', ...shop], { symbol: 1, rule: 2, text: 1 }, ['difference against control']],
  ['with the truth', 'forest', 0, ['effect', ...shop, '--truth', 'shop.truth.json'], { symbol: 2 }, ['true effects']],
  ['metrics on one scale', '-', 0, ['effect', ...shop, '--metric', 'orders', '--covariates', 'device', '--by', 'device'],
    { symbol: 6, text: 6 }, ['relative difference against control']],
  ['metrics on their own', '-', 1, ['effect', ...shop, '--metric', 'orders', '--covariates', 'device', '--by', 'device'],
    { symbol: 6, text: 6 }, ['orders', 'sales']],
  ['many rows', '-', 0, ['effect', 'many.csv', '--itt', 'arm', '--metric', 'y', '--metric', 'z', '--covariates', 'where',
    '--by', 'where'], { symbol: 200, text: 200 }, ['The first 200 of 300 rows are shown']],
  ['one-sided', '-', 0, ['effect', ...shop, '--sides', 'greater'], { symbol: 2, rule: 2 }, ['above']],
  ['margins', '-', 0, ['effect', ...shop, '--metric', 'orders', '--adjust', 'holm', '--margin', 'orders >= -2%'], { symbol: 2 },
    ['adjusted intervals']],
  ['a weak instrument', '-', 0, ['effect', 'odd.csv', '--itt', 'arm', '--treated', 'treated', '--metric', 'y',
    '--interval', 'ar', '--accept', 'E_WEAK_INSTRUMENT'], { symbol: 1 }, []],
  ['odd labels', '-', 0, ['effect', 'odd.csv', '--itt', 'arm', '--metric', 'y', '--covariates', 'where', '--by', 'where'],
    { symbol: 6, text: 6 }, ['простой', '対照群']],
  ['over time', '-', 0, ['effect', ...panel, '--over', 'week'], { symbol: 4, area: 1, line: 1 }, ['period']],
  ['over time, relative, two metrics', '-', 2, ['effect', ...panel, '--metric', 'orders', '--over', 'week'],
    { symbol: 8, area: 2 }, ['orders', 'relative difference against control']],
  ['forward', '-', 0, ['project', ...panel, '--over', 'week', '--forward', '2', '--rule', 'linear'], { symbol: 2, area: 1 },
    ['periods ahead']],
  ['elsewhere', '-', 0, ['project', ...shop, '--covariates', 'device', '--to', 'device=mobile:0.7,desktop:0.3'],
    { symbol: 2 }, ['in the experiment']],
  ['anytime', '-', 0, ['monitor', '--looks-by', 'week', '--planned', '5000', ...panel], { symbol: 4, area: 1, line: 3 },
    ['rows so far']],
  ['group-sequential', 'sequence', 0, ['monitor', '--looks-by', 'week', '--inference', 'group', '--information',
    '0.2,0.4,0.6,0.8', ...panel, '--metric', 'orders'], { symbol: 8, area: 2, line: 6 }, ['The upright line is the plan']],
  ['rank', '-', 0, ['rank', ...shop], { rect: 2, text: 2 }, ['probability of being best']],
  ['rank of six arms', 'rank', 0, ['rank', 'arms.csv', '--itt', 'arm', '--metric', 'sales', '--covariates', 'device',
    '--by', 'device'], { rect: 18, rule: 1 }, ['the simulation']],
  ['balance', '-', 0, ['check', ...shop, '--covariates', 'device,country,spend_before'], { symbol: 4, rule: 1, text: 4 },
    ['standard deviations between the arm and control', 'spend_before']],
  ['balance of six arms', 'balance', 0, ['check', 'arms.csv', '--itt', 'arm', '--metric', 'sales', '--covariates', 'device,country'],
    { symbol: 15, rule: 5 }, []],
  ['value of a policy', '-', 0, ['value', ...shop, '--covariates', 'device', '--policy', 'policy.json'],
    { symbol: 9, text: 9 }, ['value', 'gain']],
  ['paths', '-', 0, ['mediate', 'shop.csv', '--itt', 'arm', ...graph], { rect: 4, rule: 6, symbol: 6, text: 10 }, ['searches']],
  ['paths by segment', 'paths', 0, ['mediate', 'shop.csv', '--itt', 'arm', '--covariates', 'device', '--by', 'device',
    '--graph', 'arm -> {searches sales}; searches -> sales'], { rect: 9, rule: 9, symbol: 9 }, ["device = 'mobile'"]],
  ['paths of arms', 'paths', 0, ['mediate', 'arms.csv', '--itt', 'arm', '--graph', 'arm -> {searches views sales}; {searches views} -> sales'],
    { rect: 20, rule: 25 }, []],
  ['parts of a mediation', 'forest', 0, ['mediate', 'shop.csv', '--itt', 'arm', ...graph], { symbol: 6 }, ['indirect']],
  ['power', '-', 0, ['power', '--kind', 'proportion', '--baseline', '0.1', '--effect', '0.01'], { line: 1, symbol: 1, rule: 2 },
    ['units in all', 'plan: 29,498 units, power 0.80']],
  ['smallest effect', 'power', 0, ['power', '--sd', '30', '--baseline', '50', '--units', '20000'], { line: 1, symbol: 1 },
    ['smallest effect found']],
  ['power from data', '-', 0, ['power', 'shop.csv', '--metric', 'sales', '--metric', 'orders', '--effect', '3%'],
    { line: 2, symbol: 2 }, ['orders']],
  ['power drawn from data', '-', 0, ['power', 'shop.csv', '--metric', 'sales', '--effect', '3%', '--units', '800', '--simulate', '50'],
    { line: 1, symbol: 2 }, ['simulated: 800 units']],
];

// Marks that show data, by type; a mark inside a facet is counted in each.
function count(item, marks, texts) {
  for (const child of item.items ?? []) {
    if (child.marktype !== undefined && child.role === 'mark') {
      marks[child.marktype] = (marks[child.marktype] ?? 0) + child.items.length;
    }
    if (child.text !== undefined) texts.push([child.text].flat().join(' '));
    count(child, marks, texts);
  }
}

// The failures that are deepest in the specification say the most.
const told = (errors) => errors.map((e) => `${e.instancePath} ${e.message}`)
  .sort((a, b) => b.split('/').length - a.split('/').length).slice(0, 3).join('; ');

async function check([name, kind, scale, words, least, wanted]) {
  const problems = [];
  const file = name.replaceAll(/[^a-z]+/g, '-') + '.vl.json';
  run(draw, [file, kind, String(scale), ...words]);
  run(draw, [file + '.again', kind, String(scale), ...words]);
  const text = fs.readFileSync(file, 'utf8');
  if (text !== fs.readFileSync(file + '.again', 'utf8')) problems.push('two drawings differ');
  const spec = JSON.parse(text);
  const holds = valid[spec.facet ? 'TopLevelFacetSpec' : 'TopLevelLayerSpec'];
  if (!holds(spec)) problems.push('schema: ' + told(holds.errors));
  if (/https?:/.test(text.replace(spec.$schema, ''))) problems.push('an address is in it');
  for (const [version, vega, lite] of engines) {
    const warned = [];
    const hear = (m) => (known.test(m) || warned.push(m), logger);
    const logger = { level: () => logger, error: hear, warn: hear, info: () => logger, debug: () => logger };
    const compiled = lite.compile(spec, { logger }).spec;
    const view = new vega.View(vega.parse(compiled), { renderer: 'none', logger });
    await view.runAsync();
    const marks = {};
    const texts = [];
    count(view.scenegraph().root, marks, texts);
    const svg = await view.toSVG();
    fs.writeFileSync(file.replace('.vl.json', `.v${version}.svg`), svg);
    for (const [type, n] of Object.entries(least)) {
      if (!((marks[type] ?? 0) >= n)) problems.push(`Vega-Lite ${version}: ${marks[type] ?? 0} marks of '${type}', at least ${n} wanted`);
    }
    for (const w of wanted) {
      if (!texts.some((t) => t.includes(w))) problems.push(`Vega-Lite ${version}: '${w}' is not drawn`);
    }
    if (/NaN|undefined|Infinity/.test(svg.replaceAll(/aria-label="[^"]*"/g, ''))) problems.push(`Vega-Lite ${version}: a number is missing in the picture`);
    if (warned.length > 0) problems.push(`Vega-Lite ${version} warns: ${warned.join('; ')}`);
  }
  return problems;
}

// Layers whose missing values are filtered apart; the heights come out right.
const known = /^Detected faceted independent scales/;
let failed = 0;
for (const c of cases) {
  const problems = await check(c).catch((e) => [String(e.stderr || e.stack)]);
  console.log(`${problems.length === 0 ? 'ok' : 'not ok'} - ${c[0]}`);
  for (const p of problems) console.log('#   ' + p);
  failed += problems.length > 0;
}
console.log(`${cases.length} charts, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

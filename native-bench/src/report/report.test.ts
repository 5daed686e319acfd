// Tables, pictures and saved files of a small made-up run.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderChart } from './bar-chart.ts';
import { renderCharts } from './charts.ts';
import { renderMarkdown, renderScenario } from './markdown.ts';
import type { RunResults, ScenarioResults, SubjectResults } from './results.ts';
import { folderNameOf, ReportFolder, shortened } from './save.ts';

const subject = (proxy: string, cpu: readonly number[], variant = ''): SubjectResults => ({
  label: variant === '' ? proxy : `${proxy}, ${variant}`,
  proxy,
  variant,
  samples: cpu.map((cpuUsPerRequest) => ({
    cpuUsPerRequest,
    requestsPerSecond: 1_000_000 / cpuUsPerRequest,
    errors: 0,
  })),
  failures: [],
});

const SMALL: ScenarioResults = {
  name: 'small',
  summary: 'a few bytes',
  metrics: ['requestsPerSecond', 'cpuUsPerRequest', 'coreShare', 'errors'],
  subjects: [subject('sluice', [10, 12, 11]), subject('haproxy', [20, 22, 24]), subject('nginx', [11, 13, 12])],
};

const RUN: RunResults = {
  environment: {
    startedAt: '2024-06-04T12:30:59.000Z',
    kernel: '6.1.0',
    network: 'loopback, cubic',
    processor: 'Some Processor <fast>',
    cores: { proxy: '0', load: '1', upstream: '1', two: '0,1' },
    twoShare: true,
    node: '22.18.0',
    wrk: 'wrk 4.1.0',
    h2load: 'h2load nghttp2/1.52.0',
    tls: 'TLS 1.3',
    proxies: { sluice: 'sluice 0.1.0', haproxy: 'HAProxy 2.6' },
    choices: { sluice: ['as it is'], haproxy: ['one thread'] },
    loadAverage: { before: 0.5, after: 1.25 },
  },
  seconds: 10,
  warmUpSeconds: 3,
  rounds: 3,
  scenarios: [SMALL],
};

test('medians with their spread, ratios with their doubts', () => {
  const text = renderScenario(SMALL).join('\n');
  assert.match(text, /\| sluice \| 90,909 ±9 % \| 11\.0 ±9 % \| – \| 0 \|/);
  assert.match(text, /\| haproxy \| 2\.00 \| 0\.50 \| {2}\| – \|/);
  assert.match(text, /\| nginx \| ~1\.09 \| ~0\.92 \| {2}\| – \|/);
});

test('handshakes stand in the overview with numbers of their own', () => {
  const subjectOf = (proxy: string, cpuUsPerHandshake: number): SubjectResults => ({
    ...subject(proxy, []),
    samples: [{ cpuUsPerHandshake, handshakesPerSecond: 1_000_000 / cpuUsPerHandshake }],
  });
  const handshakes: ScenarioResults = {
    ...SMALL,
    name: 'handshakes-full',
    metrics: ['handshakesPerSecond', 'cpuUsPerHandshake'],
    subjects: [subjectOf('sluice', 300), subjectOf('nginx', 600)],
  };
  assert.match(renderMarkdown({ ...RUN, scenarios: [handshakes] }), /^\| handshakes-full \| 0\.50 \| 2\.00 \|$/m);
});

test('what is counted in bytes is compared by its time per GiB and its rate', () => {
  const subjectOf = (proxy: string, cpuSecondsPerGib: number): SubjectResults => ({
    ...subject(proxy, []),
    samples: [{ cpuSecondsPerGib, gibPerSecond: 1 / cpuSecondsPerGib }],
  });
  const bulk: ScenarioResults = {
    ...SMALL,
    name: 'tcp-bulk',
    metrics: ['gibPerSecond', 'cpuSecondsPerGib'],
    subjects: [subjectOf('sluice', 0.1), subjectOf('haproxy', 0.4)],
  };
  const text = renderMarkdown({ ...RUN, scenarios: [bulk] });
  assert.match(text, /^\| {2}\| haproxy: CPU \| haproxy: rate \|$/m);
  assert.match(text, /^\| tcp-bulk \| 0\.25 \| 4\.00 \|$/m);
  assert.ok(renderCharts({ ...RUN, scenarios: [bulk] })['cpu-per-gib.svg']!.includes('tcp-bulk'));
});

test('two workers are compared with two, and with one of their own', () => {
  const subjects = [
    subject('sluice', [10], '1 worker'),
    subject('sluice', [20], '2 workers'),
    subject('nginx', [20], '1 worker'),
    subject('nginx', [10], '2 workers'),
  ];
  const text = renderScenario({ ...SMALL, metrics: ['cpuUsPerRequest'], subjects }).join('\n');
  assert.match(text, /\| nginx, 1 worker \| 0\.50 \|/);
  assert.match(text, /\| nginx, 2 workers \| 2\.00 \|/);
  assert.match(text, /"2 workers" divided by "1 worker": requests\/s sluice 0\.50, nginx 2\.00; CPU/);
});

test('the report names conditions, choices and failures', () => {
  const failed = { ...subject('nginx', []), failures: ['no answer'] };
  const text = renderMarkdown({ ...RUN, scenarios: [{ ...SMALL, subjects: [SMALL.subjects[0]!, failed] }] });
  for (const part of [
    '# Side by side, 2024-06-04',
    'Linux 6.1.0; loopback, cubic;',
    'one thread',
    '- small, nginx: no answer',
    '0.50, 1.25',
    'wrk 4.1.0, h2load nghttp2/1.52.0',
    'TLS: TLS 1.3;',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.match(text, /\| nginx \| – \| – \| – \| – \|/);
});

test('a picture is XML without raw characters of its texts, and its bars fit', () => {
  const bars = [5, 10].map((value) => ({
    label: `a<b & "${value}"`,
    value,
    min: value - 1,
    max: value + 1,
    text: String(value),
    isOurs: value === 5,
  }));
  const svg = renderChart({
    title: 'T',
    groups: [
      { title: 'G', bars },
      { title: 'empty', bars: [] },
    ],
  });
  assert.match(svg, /a&lt;b &amp; &quot;5&quot;/);
  assert.doesNotMatch(svg, /empty|NaN|undefined/);
  const [ours, theirs] = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map((match) => Number(match[1]));
  assert.ok(Math.abs(theirs! - 2 * ours!) < 0.5);
  assert.ok(theirs! < 760);
});

test('everything is saved beside each other', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-report-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const report = new ReportFolder(join(folder, 'new'));
  report.save(RUN);
  report.saveConfiguration(['small', 'nginx, 2 workers'], { 'nginx.conf': 'pid /tmp/x/y/nginx.pid; key /tmp/x/key;' }, [
    '/tmp/x/y',
    '/tmp/x',
  ]);
  assert.deepEqual(JSON.parse(readFileSync(join(report.path, 'results.json'), 'utf8')), RUN);
  assert.match(readFileSync(join(report.path, 'report.md'), 'utf8'), /Side by side/);
  assert.match(readFileSync(join(report.path, 'cpu-per-request.svg'), 'utf8'), /^<svg /);
  assert.ok(!existsSync(join(report.path, 'idle-connection.svg')));
  const saved = join(report.path, 'configurations', 'small', 'nginx-2-workers', 'nginx.conf');
  assert.equal(readFileSync(saved, 'utf8'), 'pid <scratch>/nginx.pid; key <scratch>/key;');
});

test('long configurations keep both ends', () => {
  const text = Array.from({ length: 1_000 }, (_, index) => `line ${index}`).join('\n');
  const short = shortened(text).split('\n');
  assert.equal(short.length, 121);
  assert.equal(short[60], '# … 880 lines like these …');
  assert.equal(short.at(-1), 'line 999');
  assert.equal(shortened('few\nlines'), 'few\nlines');
});

test('folders are named after the time', () => {
  assert.equal(folderNameOf(new Date('2024-06-04T12:30:59Z')), '2024-06-04-1230');
});

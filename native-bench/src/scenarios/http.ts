// Scenarios of plain traffic: small and large answers, uploads, chunks, new connections, middlewares.
// Values only: how a load is measured is in measure/load-window.ts.

import { BROWSER_HEADERS, get, post } from '../load/load-request.ts';
import { numbers, responseFieldOf } from '../proxies/proxy.ts';
import { CHUNKED_ANSWER_BYTES, SHORT_ANSWER_BYTES } from '../upstream/bodies-answers.ts';
import { SMALL_ANSWER } from '../upstream/static-upstream.ts';
import { loadScenario } from './load-scenario.ts';
import { oneEach, type Scenario } from './scenario.ts';

const KIB = 1024;
const SMALL_BYTES = SMALL_ANSWER.length;
const CONNECTIONS = 64;
/** Large answers: fewer, so that the machine's caches and socket buffers hold what is under way. */
const FEW_CONNECTIONS = 16;

export const SMALL_LOAD = { request: get('/'), connections: CONNECTIONS };

const small = loadScenario({
  name: 'small',
  summary: 'a few bytes, bare heads, 64 connections kept alive',
  load: SMALL_LOAD,
  answerBytes: SMALL_BYTES,
});

/** How answers arrive matters: a server that answers many requests at a time gives the proxy fuller turns. */
const smallLean = loadScenario({
  name: 'small-lean',
  summary: 'as "small", but from a leaner server that answers in batches (our own program in place of nginx)',
  upstream: 'bodies',
  load: SMALL_LOAD,
  answerBytes: SHORT_ANSWER_BYTES,
});

const smallBrowser = loadScenario({
  name: 'small-browser',
  summary: 'a few bytes for a head of 15 fields, as browsers send them; 64 connections',
  load: { request: get('/', { headers: BROWSER_HEADERS }), connections: CONNECTIONS },
  answerBytes: SMALL_BYTES,
});

const answer10k = loadScenario({
  name: 'answer-10k',
  summary: 'answers of 10 KiB; 64 connections',
  load: { request: get('/10k'), connections: CONNECTIONS, bodyBytes: 10 * KIB },
  answerBytes: 10 * KIB,
});

const answer1m = loadScenario({
  name: 'answer-1m',
  summary: 'answers of 1 MiB; 16 connections',
  load: { request: get('/1m'), connections: FEW_CONNECTIONS, bodyBytes: KIB * KIB },
  answerBytes: KIB * KIB,
});

const upload100k = loadScenario({
  name: 'upload-100k',
  summary: 'uploads of 100 KiB with a length, read to the end by the server; 16 connections',
  upstream: 'bodies',
  load: { request: post('/upload', { bytes: 100 * KIB }), connections: FEW_CONNECTIONS, bodyBytes: 100 * KIB },
  answerBytes: SHORT_ANSWER_BYTES,
});

const chunked = loadScenario({
  name: 'chunked',
  summary: 'uploads of 4 KiB in 4 chunks, answers of 10 KiB in 10 chunks; 64 connections',
  upstream: 'bodies',
  load: { request: post('/chunked', { bytes: 4 * KIB, chunkBytes: KIB }), connections: CONNECTIONS },
  answerBytes: CHUNKED_ANSWER_BYTES,
});

const newConnection = loadScenario({
  name: 'new-connection',
  summary: 'a new connection for each request ("Connection: close"), 64 at a time; the server side is kept alive',
  load: { request: get('/', { headers: { Connection: 'close' } }), connections: CONNECTIONS },
  answerBytes: SMALL_BYTES,
});

const middlewares = [1, 10].map((count) =>
  loadScenario({
    name: `middlewares-${count}`,
    summary: `${count} middleware(s) that set a field of the request and one of the response each; 64 connections`,
    load: SMALL_LOAD,
    answerBytes: SMALL_BYTES,
    answerFields: numbers(count).map(responseFieldOf),
    site: { headers: count },
  }),
);

/** What a line for each request costs: everybody with and without, in the same rounds. */
const jsonLog = loadScenario({
  name: 'json-log',
  summary: 'as "small", without access log and with a line of JSON for each request in a file',
  load: SMALL_LOAD,
  answerBytes: SMALL_BYTES,
  subjects: (proxies) =>
    [false, true].flatMap((jsonLog) =>
      oneEach(proxies, { jsonLog }).map((subject) => ({ ...subject, variant: jsonLog ? 'JSON lines' : 'no log' })),
    ),
});

export const HTTP_SCENARIOS: readonly Scenario[] = [
  small,
  smallLean,
  smallBrowser,
  answer10k,
  answer1m,
  upload100k,
  chunked,
  newConnection,
  jsonLog,
];

export const MIDDLEWARE_SCENARIOS: readonly Scenario[] = middlewares;

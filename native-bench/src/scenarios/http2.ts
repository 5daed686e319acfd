// HTTP/2 from clients: to a server of HTTP/1.1, in TLS and without, and gRPC to a server of HTTP/2.

import { get } from '../load/load-request.ts';
import { GRPC_CALL, GRPC_MESSAGE_BYTES } from '../upstream/grpc-answers.ts';
import { SMALL_ANSWER } from '../upstream/static-upstream.ts';
import { loadScenario } from './load-scenario.ts';
import type { Scenario } from './scenario.ts';

const SHAPE = { connections: 10, streams: 32 };
const SHAPE_WORDS = `${SHAPE.connections} connections with ${SHAPE.streams} requests at a time each`;

export const HTTP2_SCENARIOS: readonly Scenario[] = [
  loadScenario({
    name: 'http2-small',
    summary: `a few bytes, HTTP/2 over TLS to HTTP/1.1; ${SHAPE_WORDS}`,
    load: { protocol: 'h2', request: get('/'), ...SHAPE },
    answerBytes: SMALL_ANSWER.length,
    site: { downstream: 'tls' },
  }),
  loadScenario({
    name: 'http2-small-plain',
    summary: `as "http2-small", without TLS (HTTP/2 known beforehand); ${SHAPE_WORDS}`,
    load: { protocol: 'h2c', request: get('/'), ...SHAPE },
    answerBytes: SMALL_ANSWER.length,
    site: { downstream: 'h2c' },
  }),
  loadScenario({
    name: 'grpc-unary',
    summary: `unary gRPC calls of 32 bytes both ways, HTTP/2 over TLS to HTTP/2 without; ${SHAPE_WORDS}`,
    upstream: 'grpc',
    load: { protocol: 'h2', request: GRPC_CALL, ...SHAPE },
    answerBytes: GRPC_MESSAGE_BYTES,
    answerValues: { 'grpc-status': '0' },
    site: { downstream: 'tls' },
  }),
];

// HTTP/1.1 in TLS: small answers and large ones over kept-alive connections. New connections are in handshakes.ts.

import { get } from '../load/load-request.ts';
import type { LoadShape } from '../measure/load-window.ts';
import { SMALL_ANSWER } from '../upstream/static-upstream.ts';
import { loadScenario } from './load-scenario.ts';
import type { Scenario } from './scenario.ts';

const MIB = 1024 * 1024;

export const HTTPS_SMALL_LOAD: LoadShape = { protocol: 'https', request: get('/'), connections: 64 };

export const HTTPS_SCENARIOS: readonly Scenario[] = [
  loadScenario({
    name: 'https-small',
    summary: 'as "small", over TLS: HTTP/1.1, 64 connections kept alive',
    load: HTTPS_SMALL_LOAD,
    answerBytes: SMALL_ANSWER.length,
    site: { downstream: 'tls' },
  }),
  loadScenario({
    name: 'https-1m',
    summary: 'answers of 1 MiB over TLS: HTTP/1.1, 16 connections',
    load: { protocol: 'https', request: get('/1m'), connections: 16, bodyBytes: MIB },
    answerBytes: MIB,
    site: { downstream: 'tls' },
  }),
];

// Lines of the access log: one request in each format, composed into a ring whose lines are thrown away at once. What it
// costs to write them somewhere is not in these figures.

import { type AccessLogConfiguration, decodeStaticText } from '@sluice/config';
import {
  AccessLog,
  ClientText,
  ConstantText,
  type FieldCaptures,
  LineOutput,
  type LogTarget,
  OutputTroubles,
  ServerText,
} from '@sluice/observability/access-log';
import { DEFAULT_HEAD_LIMITS, parseRequestHead, parseResponseHead, RequestHead, ResponseHead } from '@sluice/protocols';
import { BROWSER_REQUEST, USUAL_RESPONSE } from './heads.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const NAMED = '{ headers: { names: { User-Agent: keep, Referer: keep } } }';
const ALL = '{ headers: { defaultMode: keep } }';

export const ACCESS_LINES: MicroGroup = {
  title: 'access log lines',
  make: () => [
    lineBenchmark('json, default fields', '{ format: json }'),
    lineBenchmark('json, two headers by name', `{ format: json, fields: ${NAMED} }`),
    lineBenchmark('json, all headers of 15 and 2 × 9', `{ format: json, fields: ${ALL} }`),
    lineBenchmark('common', '{ format: common }'),
    lineBenchmark('common, with its two headers', `{ format: common, fields: ${NAMED} }`),
    lineBenchmark('genericCLF', '{ format: genericCLF }'),
    lineBenchmark('filtered out', '{ format: json, filters: { statusCodes: "500-599" } }'),
  ],
};

/** Takes everything at once. */
const NOWHERE: LogTarget = {
  writeMaxBytes: 256 * 1024,
  lineMaxBytes: 128 * 1024,
  eagerBytes: 128 * 1024,
  write: (_bytes, _from, length, done) => done(null, length),
  writeNow: (_bytes, _from, length) => length,
  close: () => {},
};

function lineBenchmark(name: string, options: string): MicroBenchmark {
  const troubles = new OutputTroubles({ onTrouble: () => {}, onRecovered: () => {}, onReopenFailed: () => {} });
  const output = new LineOutput({ target: NOWHERE, troubles });
  const log = new AccessLog(accessLogOptions(options), output);
  const captures = log.captures();
  fillRecord(log, captures);
  const request = new RequestHead(BROWSER_REQUEST);
  parseRequestHead(request, BROWSER_REQUEST, 0, BROWSER_REQUEST.length, DEFAULT_HEAD_LIMITS);
  const response = new ResponseHead(USUAL_RESPONSE);
  parseResponseHead(response, USUAL_RESPONSE, 0, USUAL_RESPONSE.length, DEFAULT_HEAD_LIMITS);
  const { record } = log;
  const run = () => {
    captures.request?.take(request);
    captures.origin?.take(response);
    captures.downstream?.take(response);
    record.startedAtMs = performance.now();
    record.originStartedAtMs = record.startedAtMs + 0.0625;
    record.endedAtMs = record.startedAtMs + 1.25;
    log.write();
    // As a target does that is never full, without its turn of the loop.
    output.ring.written(output.ring.next(NOWHERE.writeMaxBytes));
    return record.count;
  };
  return { name, run };
}

function accessLogOptions(text: string): AccessLogConfiguration {
  return decodeStaticText(`accessLog: ${text}`, 'yaml', 'bench.yaml').configuration.accessLog!;
}

function fillRecord({ record }: AccessLog, captures: FieldCaptures): void {
  Object.assign(record, {
    entryPoint: new ConstantText('web'),
    router: new ConstantText('catalogue@file'),
    server: new ServerText('catalogue@file', 'http://10.0.0.7:8080', '10.0.0.7:8080'),
    client: new ClientText('192.0.2.17', 50_123),
    host: 'bench.example:8000',
    method: 'GET',
    path: '/catalogue/tools/page-7.html',
    query: 'id=7&sort=price',
    status: 200,
    bytes: 10_240,
    originStatus: 200,
    originBytes: 10_240,
    requestFields: captures.request,
    originFields: captures.origin,
    downstreamFields: captures.downstream,
  });
}

// An access log that writes into memory, with options as an operator would write them and a clock that stands still.
// For tests of what lines look like.

import { type AccessLogConfiguration, decodeStaticText } from '@sluice/config';
import { FIELD_NAMES, Field, HeaderTable } from '@sluice/protocols';
import { AccessLog } from '../access-log.ts';
import type { AccessRecord } from '../access-record.ts';
import { ClientText, ConstantText, ServerText } from '../constant-text.ts';
import { LineOutput } from '../line-output.ts';
import { OutputTroubles } from '../output-troubles.ts';
import { WallClock } from '../wall-clock.ts';
import { MemoryTarget } from './memory-target.ts';

/** 2026-01-02T03:04:05.678125Z, which a double holds exactly, at 1000 ms of the monotonic clock. */
const START_WALL_MS = Date.UTC(2026, 0, 2, 3, 4, 5) + 678.125;
export const START_MS = 1_000;

export class LogUnderTest {
  readonly log: AccessLog;
  readonly target: MemoryTarget;

  /** `options`: the `accessLog` section as YAML. */
  constructor(options: string, lineMaxBytes?: number) {
    this.target = new MemoryTarget({ lineMaxBytes });
    const report = { onTrouble: () => {}, onRecovered: () => {}, onReopenFailed: () => {} };
    const output = new LineOutput({ target: this.target, troubles: new OutputTroubles(report) });
    const clock = new WallClock({ monotonic: () => START_MS, wall: () => START_WALL_MS });
    this.log = new AccessLog(accessLogOptions(options), output, clock);
    Object.assign(this.log.record, usualRecord());
  }

  /** The text that the record, changed in these places, gives: one line, or none. */
  write(changes: Partial<AccessRecord> = {}): string {
    const before = this.target.text.length;
    Object.assign(this.log.record, usualRecord(), changes);
    this.log.write();
    this.log.output.flushNow();
    return this.target.text.slice(before);
  }

  /** As `write`, with header fields of request, server's response and response, given as lines. */
  writeFields(request: readonly string[], origin: readonly string[] = [], downstream: readonly string[] = []): string {
    const captures = this.log.captures();
    captures.request?.take(headOf(request));
    captures.origin?.take(headOf(origin));
    captures.downstream?.take(headOf(downstream));
    const { request: requestFields, origin: originFields, downstream: downstreamFields } = captures;
    return this.write({ requestFields, originFields, downstreamFields });
  }
}

export function accessLogOptions(text: string): AccessLogConfiguration {
  const { configuration } = decodeStaticText(`accessLog: ${text}`, 'yaml', 'test.yaml');
  return configuration.accessLog!;
}

/** Header fields given as `name: value`, as a codec would leave them, though with bytes that no codec lets pass. */
export function headOf(lines: readonly string[]): HeaderTable {
  const bytes = Buffer.from(lines.join(''), 'latin1');
  const head = new HeaderTable(bytes);
  let at = 0;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const id = FIELD_NAMES.indexOf(line.slice(0, colon).toLowerCase() as (typeof FIELD_NAMES)[number]);
    head.append(at, colon, at + colon + 2, line.length - colon - 2, Math.max(id, Field.OTHER));
    at += line.length;
  }
  return head;
}

function usualRecord(): Partial<AccessRecord> {
  return {
    startedAtMs: START_MS,
    endedAtMs: START_MS + 12.345678,
    originStartedAtMs: START_MS + 2.345678,
    entryPoint: new ConstantText('web'),
    router: new ConstantText('shop@file'),
    server: new ServerText('cart@file', 'http://10.0.0.7:8080', '10.0.0.7:8080'),
    client: new ClientText('192.0.2.1', 50_001),
    forwardedFor: '',
    user: '',
    host: 'shop.example:8000',
    method: 'GET',
    path: '/cart/items',
    query: 'page=2&q=a%20b',
    protocol: 'HTTP/1.1',
    secure: false,
    requestBytes: 7,
    originStatus: 200,
    originBytes: 1234,
    status: 200,
    bytes: 1234,
    retries: 0,
    connectionEnd: '',
    requestFields: undefined,
    originFields: undefined,
    downstreamFields: undefined,
  };
}

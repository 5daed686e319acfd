// What one line is about, filled in by the data path at the end of a request and read by the formats. One per worker,
// reused: it holds references, and no line keeps it. Knows no format.

import { ClientText, ConstantText, type ServerText } from './constant-text.ts';
import type { FieldCapture } from './field-capture.ts';

const NO_NAME = new ConstantText('');
const NO_CLIENT = new ClientText('', 0);

/** Of the client's connection. */
export interface AccessTls {
  readonly version: string;
  readonly cipher: string;
  /** Empty: the client has shown no certificate. */
  readonly clientSubject: string;
}

export class AccessRecord {
  /** Milliseconds of the monotonic clock (`performance.now`). */
  startedAtMs = 0;
  endedAtMs = 0;
  /** When the request was given to a server; 0: it never was. */
  originStartedAtMs = 0;
  entryPoint: ConstantText = NO_NAME;
  router: ConstantText | undefined = undefined;
  /** The last one tried. */
  server: ServerText | undefined = undefined;
  client: ClientText = NO_CLIENT;
  /** X-Forwarded-For as believed; empty: absent. */
  forwardedFor = '';
  /** Who the request was authenticated as; empty: nobody. */
  user = '';
  /** As received; empty: absent. */
  host = '';
  method = '';
  path = '';
  query: string | undefined = undefined;
  /** `HTTP/1.0`, `HTTP/1.1`, `HTTP/2.0`. */
  protocol = 'HTTP/1.1';
  secure = false;
  /** Undefined: the connection is plain, or nobody knows. */
  tls: AccessTls | undefined = undefined;
  requestBytes = 0;
  /** 0: there was no answer of a server, nor one in place of it. */
  originStatus = 0;
  originBytes = 0;
  /** What the client got; 0: nothing. */
  status = 0;
  bytes = 0;
  retries = 0;
  /** Of a TCP connection: who or what ended it. Empty for requests. */
  connectionEnd = '';
  /** How many requests this process has logged or filtered out, this one included. */
  count = 0;
  /** Header fields, undefined where none of them is wanted. */
  requestFields: FieldCapture | undefined = undefined;
  originFields: FieldCapture | undefined = undefined;
  downstreamFields: FieldCapture | undefined = undefined;

  get durationMs(): number {
    return this.endedAtMs - this.startedAtMs;
  }

  /** 0 when no server was reached. */
  get originDurationMs(): number {
    return this.originStartedAtMs === 0 ? 0 : this.endedAtMs - this.originStartedAtMs;
  }
}

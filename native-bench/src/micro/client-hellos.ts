// The first message of a TLS client, parsed as a worker does it before it chooses a certificate: one of a program, one as browsers
// send them, with the large key of the post-quantum exchange. What routing asks for afterwards is timed too.

import { ClientHello, parseClientHello } from '@sluice/protocols';
import {
  alpnExtension,
  helloBytes,
  listExtension,
  serverNameExtension,
  vector,
  versionsExtension,
  words,
} from '../../../packages/protocols/src/tls-hello/test-support.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

/** Groups (RFC 8446 §4.2.7). */
const X25519 = 0x001d;
const X25519_MLKEM768 = 0x11ec;
const GREASE = 0x2a2a;
const CURVES = [X25519, 0x0017, 0x0018];
const SCHEMES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
const PROGRAM_SUITES = [0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xc02b, 0xc02f, 0xc024, 0xc028];
const BROWSER_SUITES = [GREASE, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014];

/** What a group's key takes. */
function keyShare(...keys: readonly (readonly [group: number, bytes: number])[]): readonly [number, Buffer] {
  const entries = keys.map(([group, bytes]) => Buffer.concat([words(group), vector(2, Buffer.alloc(bytes, 5))]));
  return [51, vector(2, ...entries)];
}

const COMMON = [
  serverNameExtension('shop.bench.example'),
  [23, Buffer.alloc(0)],
  [0xff01, Buffer.of(0)],
  listExtension(13, ...SCHEMES),
  [11, vector(1, Buffer.of(0))],
  [35, Buffer.alloc(0)],
  alpnExtension('h2', 'http/1.1'),
  [45, vector(1, Buffer.of(1))],
] as const;

export const PROGRAM_HELLO: Buffer = helloBytes({
  sessionId: Buffer.alloc(32, 3),
  suites: PROGRAM_SUITES,
  extensions: [...COMMON, listExtension(10, ...CURVES), versionsExtension(0x0304, 0x0303), keyShare([X25519, 32])],
});

export const BROWSER_HELLO: Buffer = helloBytes({
  sessionId: Buffer.alloc(32, 3),
  suites: BROWSER_SUITES,
  extensions: [
    [GREASE, Buffer.alloc(0)],
    ...COMMON,
    [5, Buffer.of(1, 0, 0, 0, 0)],
    [18, Buffer.alloc(0)],
    listExtension(10, GREASE, X25519_MLKEM768, ...CURVES),
    versionsExtension(GREASE, 0x0304, 0x0303),
    keyShare([GREASE, 1], [X25519_MLKEM768, 1216], [X25519, 32]),
    [0xfe0d, Buffer.alloc(250, 9)],
  ],
});

export const CLIENT_HELLOS: MicroGroup = {
  title: 'client hellos',
  make: () => [parsing('of a program', PROGRAM_HELLO), parsing('of a browser', BROWSER_HELLO), asking()],
};

function parsing(name: string, bytes: Buffer): MicroBenchmark {
  const hello = new ClientHello();
  const run = () => parseClientHello(hello, bytes, 0, bytes.length);
  return { name: `parse: ${name}, ${bytes.length} bytes`, run, bytes: bytes.length };
}

function asking(): MicroBenchmark {
  const hello = new ClientHello();
  const h2 = Buffer.from('h2');
  parseClientHello(hello, BROWSER_HELLO, 0, BROWSER_HELLO.length);
  const run = () => `${hello.serverName} ${hello.offersAlpn(h2)} ${hello.keyKinds(true)}`;
  return { name: 'name, protocol and kinds of keys of a browser', run };
}

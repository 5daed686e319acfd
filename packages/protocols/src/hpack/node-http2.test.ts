// Against the HTTP/2 of Node.js as an independent peer, over loopback: its client sends header blocks that our decoder reads,
// and reads those that our encoder wrote. Frames are made by hand, as few as it takes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { FieldSection } from './field-section.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { type Fields, sectionFields, TEST_LIMITS } from './test-support.ts';

const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;
const Frame = { HEADERS: 1, SETTINGS: 4 } as const;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 32;
const HEADER_TABLE_SIZE = 1;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function tableSizeSetting(bytes: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(HEADER_TABLE_SIZE, 0);
  payload.writeUInt32BE(bytes, 2);
  return payload;
}

/** The server side of one connection: decodes every request head, answers with what it is told. */
class FramePeer {
  readonly decoder = new HpackDecoder();
  readonly encoder = new HpackEncoder(65_536);
  readonly received: { readonly fields: Fields; readonly neverIndexed: number[]; readonly blockBytes: number }[] = [];
  /** Fields of the next answers. */
  answer: (request: number) => Fields = () => [];
  private readonly socket: Socket;
  private readonly section = new FieldSection();
  /** Settings that the client has not acknowledged. */
  private readonly unacknowledged: number[] = [];
  private pending: Buffer = Buffer.alloc(0);
  private hasPreface = false;

  constructor(socket: Socket, tableBytes: number) {
    this.socket = socket;
    socket.on('data', (bytes) => this.receive(bytes));
    socket.on('error', () => {});
    this.sendTableSize(tableBytes);
  }

  sendTableSize(bytes: number): void {
    this.unacknowledged.push(bytes);
    this.socket.write(frame(Frame.SETTINGS, 0, 0, tableSizeSetting(bytes)));
  }

  private receive(bytes: Buffer): void {
    this.pending = Buffer.concat([this.pending, bytes]);
    if (!this.hasPreface) {
      if (this.pending.length < PREFACE_BYTES) return;
      this.pending = this.pending.subarray(PREFACE_BYTES);
      this.hasPreface = true;
    }
    while (this.pending.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + this.pending.readUIntBE(0, 3);
      if (this.pending.length < end) return;
      const [type, flags] = this.pending.subarray(3, 5);
      this.frame(type, flags, this.pending.readUInt32BE(5), this.pending.subarray(FRAME_HEAD_BYTES, end));
      this.pending = this.pending.subarray(end);
    }
  }

  private frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === Frame.SETTINGS && (flags & ACK) !== 0) {
      this.decoder.setTableLimit(this.unacknowledged.shift()!);
    } else if (type === Frame.SETTINGS) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === HEADER_TABLE_SIZE)
          this.encoder.setPeerTableLimit(payload.readUInt32BE(at + 2));
      }
      this.socket.write(frame(Frame.SETTINGS, ACK, 0, Buffer.alloc(0)));
    } else if (type === Frame.HEADERS) {
      this.request(flags, stream, payload);
    }
  }

  private request(flags: number, stream: number, payload: Buffer): void {
    assert.ok((flags & END_HEADERS) !== 0, 'heads of these tests fit into one frame');
    const start = ((flags & PADDED) !== 0 ? 1 : 0) + ((flags & PRIORITY) !== 0 ? 5 : 0);
    const end = payload.length - ((flags & PADDED) !== 0 ? payload[0] : 0);
    const result = this.decoder.decode(payload, start, end, this.section, TEST_LIMITS);
    assert.ok(result >= 0, `${result} for ${payload.toString('hex')}`);
    assert.equal(this.section.fault, 0);
    this.received.push({
      fields: sectionFields(this.section),
      neverIndexed: [...this.section.neverIndexed.subarray(0, result)],
      blockBytes: end - start,
    });
    const block = Buffer.alloc(16_384);
    this.encoder.begin(block, 0, block.length);
    this.encoder.status(200);
    for (const [name, value] of this.answer(this.received.length)) this.encoder.stringField(name, value);
    const length = this.encoder.finish();
    this.socket.write(frame(Frame.HEADERS, END_HEADERS | END_STREAM, stream, block.subarray(0, length)));
  }
}

interface Pair {
  readonly peer: FramePeer;
  readonly client: ClientHttp2Session;
  request(headers: OutgoingHttpHeaders): Promise<Record<string, unknown>>;
}

/** Connects a client of Node.js to a peer with these table sizes and ends both, whatever happens. */
async function withPair(
  { clientTableBytes, ourTableBytes }: { clientTableBytes: number; ourTableBytes: number },
  run: (pair: Pair) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  let peer: FramePeer | undefined;
  const server = createServer((socket) => {
    sockets.push(socket);
    peer = new FramePeer(socket, ourTableBytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`, { settings: { headerTableSize: clientTableBytes } });
  try {
    await once(client, 'remoteSettings');
    const request = async (headers: OutgoingHttpHeaders) => {
      const stream = client.request(headers, { endStream: true });
      const [response] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'close');
      return { ...response };
    };
    await run({ peer: peer!, client, request });
  } finally {
    client.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

const REQUEST_HEADERS = {
  ':path': '/catalogue/page?id=7',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate',
  'x-odd': '{"~|\\^`}',
  'x-latin': 'caf\xe9 \x80\xff',
};

const SIZES = [0, 33, 200, 4096, 65_536];

describe('header blocks of the client of Node.js', () => {
  for (const ourTableBytes of SIZES) {
    it(`are read, many on one connection, with a table of ${ourTableBytes} bytes`, () =>
      withPair({ clientTableBytes: 4096, ourTableBytes }, async ({ peer, request }) => {
        for (let round = 1; round <= 20; round++) {
          const headers = { ...REQUEST_HEADERS, 'x-round': `${round % 3}`, [`x-name-${round % 7}`]: `${round}` };
          await request(headers);
          const { fields } = peer.received.at(-1)!;
          const { ':authority': authority, ...sent } = Object.fromEntries(fields);
          assert.match(authority!, /^127\.0\.0\.1:\d+$/);
          assert.deepEqual(sent, { ':method': 'GET', ':scheme': 'http', ...headers });
        }
        const [first, last] = [peer.received[0]!, peer.received.at(-1)!];
        assert.equal(last.blockBytes < first.blockBytes / 2, ourTableBytes >= 4096, 'the table is used');
        assert.ok(peer.decoder.table.sizeBytes <= ourTableBytes);
      }));
  }

  it('follow when the size of our table changes, down and up again', () =>
    withPair({ clientTableBytes: 4096, ourTableBytes: 4096 }, async ({ peer, client, request }) => {
      for (const bytes of [0, 4096, 100, 65_536, 1000]) {
        peer.sendTableSize(bytes);
        await once(client, 'remoteSettings');
        for (let round = 0; round < 3; round++) await request({ ...REQUEST_HEADERS, 'x-size': `${bytes}` });
        assert.ok(peer.decoder.table.sizeBytes <= bytes);
        assert.deepEqual(peer.received.at(-1)!.fields.at(-1), ['x-size', `${bytes}`]);
      }
    }));

  it('say which fields must never be indexed', () =>
    withPair({ clientTableBytes: 4096, ourTableBytes: 4096 }, async ({ peer, request }) => {
      await request({ ':path': '/', 'x-open': '1', 'x-hidden': '2', [sensitiveHeaders]: ['x-hidden'] });
      const { fields, neverIndexed } = peer.received[0]!;
      assert.deepEqual(fields.slice(4), [
        ['x-open', '1'],
        ['x-hidden', '2'],
      ]);
      assert.deepEqual(neverIndexed, [0, 1]);
    }));
});

describe('our header blocks in the client of Node.js', () => {
  for (const clientTableBytes of SIZES) {
    it(`are read, many on one connection, with a table of ${clientTableBytes} bytes`, () =>
      withPair({ clientTableBytes, ourTableBytes: 4096 }, async ({ peer, client, request }) => {
        await request({ ':path': '/' });
        for (let round = 1; round <= 20; round++) {
          const fields: Fields = [
            ['server', 'nginx/1.22.1'],
            ['date', 'Tue, 04 Jun 2024 12:00:00 GMT'],
            ['content-type', 'text/html; charset=utf-8'],
            ['x-odd', '{"~|\\^`}'],
            ['x-round', `${round % 3}`],
            [`x-name-${round % 7}`, `${round}`],
            ['x-api-key', 'secret'],
          ];
          peer.answer = () => fields;
          const { ':status': status, ...received } = await request({ ':path': '/' });
          assert.equal(status, 200);
          assert.deepEqual(received, { ...Object.fromEntries(fields), [sensitiveHeaders]: ['x-api-key'] });
        }
        assert.ok(peer.encoder.table.sizeBytes <= clientTableBytes);
        assert.equal(peer.encoder.table.count > 3, clientTableBytes >= 200);
        assert.equal(client.state.inflateDynamicTableSize, peer.encoder.table.sizeBytes, 'both count alike');
      }));
  }
});

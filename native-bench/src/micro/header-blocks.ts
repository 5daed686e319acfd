// HTTP/2 header blocks: a browser's request decoded and encoded again for a server, a usual response encoded. Each once as on a new connection, where all
// fields are literals, and once as later on, where most of them are in the dynamic table.

import {
  DEFAULT_HEAD_LIMITS,
  encodeFields,
  Field,
  FieldSection,
  HpackDecoder,
  HpackEncoder,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
} from '@sluice/protocols';
import { BROWSER_HEADERS } from '../load/load-request.ts';
import { BROWSER_REQUEST, USUAL_RESPONSE } from './heads.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const LIMITS = { listMaxBytes: 64 * 1024, fieldsMax: 256 };
const BLOCK_MAX_BYTES = 16 * 1024;
const PSEUDO_FIELDS = Object.entries({
  ':method': 'GET',
  ':scheme': 'https',
  ':authority': 'bench.example',
  ':path': '/catalogue/page?id=7',
});
const REQUEST_FIELDS = [...PSEUDO_FIELDS, ...Object.entries(BROWSER_HEADERS)];

export const HEADER_BLOCKS: MicroGroup = {
  title: 'header blocks',
  make: () => [
    decoding('request of 18 fields, literals', 0),
    decoding('request of 18 fields, repeated', 4096),
    encodingRequest('request of 18 fields, literals', 0),
    encodingRequest('request of 18 fields, repeated', 4096),
    encoding('response of 9 fields, literals', 0),
    encoding('response of 9 fields, repeated', 4096),
  ],
};

/** Blocks of the third request, after which nothing is new to the table. */
function decoding(name: string, tableBytes: number): MicroBenchmark {
  const encoder = new HpackEncoder(tableBytes);
  const decoder = new HpackDecoder();
  const section = new FieldSection();
  const block = Buffer.alloc(BLOCK_MAX_BYTES);
  let length = 0;
  for (let round = 0; round < 4; round++) {
    encoder.begin(block, 0, block.length);
    for (const [field, value] of REQUEST_FIELDS) encoder.stringField(field, value);
    length = encoder.finish();
    decoder.decode(block, 0, length, section, LIMITS);
  }
  const bytes = section.length;
  const run = () => {
    decoder.decode(block, 0, length, section, LIMITS);
    return section.length;
  };
  return { name: `decode: ${name}, ${length} bytes`, run, bytes };
}

/** From the bytes of the client's request, as a worker does it. */
function encodingRequest(name: string, tableBytes: number): MicroBenchmark {
  const encoder = new HpackEncoder(tableBytes);
  const head = new RequestHead(BROWSER_REQUEST);
  parseRequestHead(head, BROWSER_REQUEST, 0, BROWSER_REQUEST.length, DEFAULT_HEAD_LIMITS);
  head.removeId(Field.HOST);
  const block = Buffer.alloc(BLOCK_MAX_BYTES);
  const run = () => {
    encoder.begin(block, 0, block.length);
    for (const [field, value] of PSEUDO_FIELDS) encoder.stringField(field, value);
    encodeFields(encoder, head);
    return encoder.finish();
  };
  for (let round = 0; round < 3; round++) run();
  return { name: `encode: ${name}, ${run()} bytes`, run };
}

function encoding(name: string, tableBytes: number): MicroBenchmark {
  const encoder = new HpackEncoder(tableBytes);
  const head = new ResponseHead(USUAL_RESPONSE);
  parseResponseHead(head, USUAL_RESPONSE, 0, USUAL_RESPONSE.length, DEFAULT_HEAD_LIMITS);
  head.removeId(Field.CONNECTION);
  const block = Buffer.alloc(BLOCK_MAX_BYTES);
  const run = () => {
    encoder.begin(block, 0, block.length);
    encoder.status(head.status);
    encodeFields(encoder, head);
    return encoder.finish();
  };
  for (let round = 0; round < 3; round++) run();
  return { name: `encode: ${name}, ${run()} bytes`, run };
}

// Scenario: the cases by which gRPC implementations test each other, called as the gRPC project calls them, through whatever
// is at the address that is given. The server at the end is one of those tests.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { eventually } from '../support/eventually.ts';
import { drained, type GrpcReach, InteropClient, type Outcome } from '../support/grpc/interop-client.ts';
import { ECHO_INITIAL, ECHO_TRAILING, type InteropServer } from '../support/grpc/interop-server.ts';
import type { SimpleResponse, StreamingOutput } from '../support/grpc/interop-types.ts';

interface Parties {
  readonly client: InteropClient;
  readonly server: InteropServer;
}

type InteropCase = (parties: Parties) => Promise<void>;

const LARGE = { responseSize: 314_159, payload: { body: Buffer.alloc(271_828) } };
const REQUEST_SIZES = [27_182, 8, 1_828, 45_904] as const;
const RESPONSE_SIZES = [31_415, 9, 2_653, 58_979] as const;
const CONCURRENT = 100;
const STATUS = { code: status.UNKNOWN, message: 'test status message' };
const SPECIAL_MESSAGE = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
const INITIAL_VALUE = 'test_initial_metadata_value';
const TRAILING_VALUE = Buffer.from('ababab', 'hex');

/** Runs every case as a test of its own, all over one channel. */
export async function grpcInterop(context: TestContext, reach: GrpcReach, server: InteropServer): Promise<void> {
  const client = new InteropClient(context, reach);
  for (const [name, run] of Object.entries(CASES)) await context.test(name, () => run({ client, server }));
}

const CASES: Readonly<Record<string, InteropCase>> = {
  async empty_unary({ client }) {
    assert.equal((await client.emptyCall()).code, status.OK);
  },

  async large_unary({ client }) {
    assertLarge(await client.unaryCall(LARGE));
  },

  async cacheable_unary({ client }) {
    const request = { payload: { body: Buffer.from(`${process.hrtime.bigint()}`) }, responseSize: 8 };
    for (let turn = 0; turn < 2; turn++) {
      assert.equal((await client.cacheableCall(request)).answer?.payload?.body?.length, 8);
    }
  },

  async client_streaming({ client }) {
    const { outcome } = client.streamingInput(REQUEST_SIZES.map((size) => ({ payload: { body: Buffer.alloc(size) } })));
    assert.equal((await outcome).answer?.aggregatedPayloadSize, 74_922);
  },

  async server_streaming({ client }) {
    const responseParameters = RESPONSE_SIZES.map((size) => ({ size }));
    const { answer, code } = await drained(client.streamingOutput({ responseParameters }));
    assert.deepEqual([code, answer], [status.OK, [...RESPONSE_SIZES]]);
  },

  async ping_pong({ client }) {
    const call = client.fullDuplex();
    const ask = (turn: number) => (turn < RESPONSE_SIZES.length ? call.write(turnOf(turn)) : call.end());
    const ended = drained(call, (_piece, count) => ask(count));
    ask(0);
    const { answer, code } = await ended;
    assert.deepEqual([code, answer], [status.OK, [...RESPONSE_SIZES]]);
  },

  async empty_stream({ client }) {
    const call = client.fullDuplex();
    call.end();
    const { answer, code } = await drained(call);
    assert.deepEqual([code, answer], [status.OK, []]);
  },

  async cancel_after_begin({ client, server }) {
    const before = { ...counts(server) };
    const { call, outcome } = client.streamingInput([], false);
    await eventually('the server has heard of it', () => server.calls > before.calls);
    call.cancel();
    assert.equal((await outcome).code, status.CANCELLED);
    await bothHeard(server, before);
  },

  async cancel_after_first_response({ client, server }) {
    const before = { ...counts(server) };
    const call = client.fullDuplex();
    const ended = drained(call, () => call.cancel());
    call.write(turnOf(0));
    const { answer, code } = await ended;
    assert.deepEqual([code, answer], [status.CANCELLED, [RESPONSE_SIZES[0]]]);
    await bothHeard(server, before);
  },

  async deadline_reaches_the_server({ client, server }) {
    const before = { ...counts(server) };
    const call = client.fullDuplex(new Metadata(), { deadline: Date.now() + 4_000 });
    call.write({ responseParameters: [{ size: 1 }, { size: 1, intervalUs: 20_000_000 }] });
    const { answer, code } = await drained(call);
    assert.deepEqual([code, answer], [status.DEADLINE_EXCEEDED, [1]]);
    await bothHeard(server, before);
  },

  // Behind those that look at the server's counts: it may hear of this call late, or never.
  async timeout_on_sleeping_server({ client }) {
    const call = client.fullDuplex(new Metadata(), { deadline: Date.now() + 1 });
    call.write({ payload: { body: Buffer.alloc(27_182) } });
    assert.equal((await drained(call)).code, status.DEADLINE_EXCEEDED);
  },

  async status_code_and_message({ client }) {
    assertStatus(await client.unaryCall({ responseStatus: STATUS }), STATUS.message);
    const call = client.fullDuplex();
    call.write({ responseStatus: STATUS });
    call.end();
    assertStatus(await drained(call), STATUS.message);
  },

  async special_status_message({ client }) {
    const responseStatus = { code: status.UNKNOWN, message: SPECIAL_MESSAGE };
    assertStatus(await client.unaryCall({ responseStatus }), SPECIAL_MESSAGE);
  },

  async unimplemented_method({ client }) {
    assert.equal((await client.unimplementedMethod()).code, status.UNIMPLEMENTED);
  },

  async unimplemented_service({ client }) {
    assert.equal((await client.unimplementedService()).code, status.UNIMPLEMENTED);
  },

  async custom_metadata({ client }) {
    assertEchoed(await client.unaryCall(LARGE, echoed()));
    const call = client.fullDuplex(echoed());
    call.write(turnOf(0));
    call.end();
    assertEchoed(await drained(call));
  },

  async concurrent_large_unary({ client }) {
    const outcomes = await Promise.all(Array.from({ length: CONCURRENT }, () => client.unaryCall(LARGE)));
    for (const outcome of outcomes) assertLarge(outcome);
  },

  async many_messages_both_ways({ client }) {
    const call = client.fullDuplex();
    const ended = drained(call);
    for (let turn = 0; turn < 500; turn++) call.write(turnOf(turn % RESPONSE_SIZES.length));
    call.end();
    const { answer, code } = await ended;
    assert.deepEqual([code, answer], [status.OK, Array.from({ length: 500 }, (_, turn) => RESPONSE_SIZES[turn % 4]!)]);
  },
};

function turnOf(turn: number): StreamingOutput {
  return {
    responseParameters: [{ size: RESPONSE_SIZES[turn]! }],
    payload: { body: Buffer.alloc(REQUEST_SIZES[turn]!) },
  };
}

function echoed(): Metadata {
  const metadata = new Metadata();
  metadata.set(ECHO_INITIAL, INITIAL_VALUE);
  metadata.set(ECHO_TRAILING, TRAILING_VALUE);
  return metadata;
}

function counts({ calls, cancelled }: InteropServer) {
  return { calls, cancelled };
}

/** The server has seen one call more, and that it was taken back. */
async function bothHeard(server: InteropServer, before: { calls: number; cancelled: number }): Promise<void> {
  const wanted = { calls: before.calls + 1, cancelled: before.cancelled + 1 };
  const state = () => `the server counts ${JSON.stringify(counts(server))}, not ${JSON.stringify(wanted)}`;
  await eventually(state, () => server.calls === wanted.calls && server.cancelled === wanted.cancelled);
}

function assertLarge({ code, details, answer }: Outcome<SimpleResponse>): void {
  assert.deepEqual([code, details, answer?.payload?.body?.length], [status.OK, '', LARGE.responseSize]);
}

function assertStatus({ code, details }: Outcome<unknown>, message: string): void {
  assert.deepEqual([code, details], [status.UNKNOWN, message]);
}

function assertEchoed({ code, initial, trailing }: Outcome<unknown>): void {
  assert.equal(code, status.OK);
  assert.deepEqual(initial?.get(ECHO_INITIAL), [INITIAL_VALUE]);
  assert.deepEqual(trailing?.get(ECHO_TRAILING), [TRAILING_VALUE]);
}

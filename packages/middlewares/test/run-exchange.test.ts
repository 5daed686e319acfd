import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BodyTransform,
  type Exchange,
  emptyAnswer,
  type Middleware,
  Verdict,
  type VerdictValue,
} from '../src/index.ts';
import { runExchange, TestExchange } from '../src/testing/index.ts';

const served = (exchange: TestExchange) => () => {
  exchange.receive(200);
  return { body: ['abc', 'def'] };
};

function run(middlewares: readonly Middleware[], chunks: readonly string[] = []) {
  const exchange = new TestExchange({ method: 'POST' });
  return runExchange(exchange, middlewares, served(exchange), chunks);
}

/** Notes its name whenever a hook runs. */
function noting(name: string, notes: string[]): Middleware {
  const note = (hook: string) => notes.push(`${name}.${hook}`);
  const transform = (hook: string): BodyTransform => ({
    push(chunk, last) {
      if (last) note(hook);
      return Buffer.from(`${Buffer.from(chunk)}${name}`);
    },
  });
  return {
    onRequest() {
      note('onRequest');
      return Verdict.NEXT;
    },
    onResponse: () => void note('onResponse'),
    requestBody: () => transform('requestBody'),
    responseBody: () => transform('responseBody'),
  };
}

test('requests go inwards, responses outwards', async () => {
  const notes: string[] = [];
  const outcome = await run([noting('a', notes), noting('b', notes)], ['x', 'y']);
  assert.deepEqual(notes, [
    'a.onRequest',
    'b.onRequest',
    'a.requestBody',
    'b.requestBody',
    'b.onResponse',
    'a.onResponse',
    'b.responseBody',
    'a.responseBody',
  ]);
  assert.equal(outcome.requestBody, 'xabyab');
  assert.equal(outcome.responseBody, 'abcbadefba');
});

test('what a transform holds back comes with the last chunk', async () => {
  const held: Buffer[] = [];
  const holding: Middleware = {
    requestBody: () => ({
      push(chunk, last) {
        held.push(Buffer.from(chunk));
        return last ? Buffer.concat(held) : undefined;
      },
    }),
  };
  assert.equal((await run([holding, noting('-', [])], ['x', 'y', 'z'])).requestBody, 'xyz-');
});

test('a transform that keeps a chunk instead of a copy is caught', async () => {
  const held: Uint8Array[] = [];
  const careless: Middleware = {
    requestBody: () => ({
      push(chunk, last) {
        held.push(chunk);
        return last ? Buffer.concat(held) : undefined;
      },
    }),
  };
  assert.equal((await run([careless], ['x', 'y'])).requestBody, '#y');
});

test('breaking the interface is an error', async () => {
  const doing = (verdict: VerdictValue, act: (exchange: Exchange) => void): Middleware => ({
    onRequest(exchange) {
      act(exchange);
      return verdict;
    },
  });
  const twice = (exchange: Exchange): void => {
    exchange.resume();
    exchange.resume();
  };
  const faults: readonly (readonly [Middleware, RegExp])[] = [
    [doing(Verdict.ANSWERED, () => {}), /said ANSWERED/],
    [doing(Verdict.NEXT, (exchange) => exchange.answer(emptyAnswer(204))), /said NEXT/],
    [doing(Verdict.NEXT, (exchange) => exchange.resume()), /without having said SUSPENDED/],
    [doing(Verdict.SUSPENDED, twice), /resumed twice/],
  ];
  for (const [middleware, message] of faults) await assert.rejects(run([middleware]), message);
});

test('heads that a parser refuses cannot be made', () => {
  assert.throws(() => new TestExchange({ target: '/a b' }), /parser refuses/);
  assert.throws(() => new TestExchange({ target: '/%zz' }), /would refuse the path/);
  assert.throws(() => new TestExchange().receive(200, [['a b', 'c']]), /parser refuses/);
});

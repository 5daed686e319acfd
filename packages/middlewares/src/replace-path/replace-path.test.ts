import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verdict } from '../interface/middleware.ts';
import { replacePath } from '../registry.ts';
import { makeMiddleware, problemsOf, TestExchange } from '../testing/index.ts';

function run(path: string, target = '/old?x=1'): TestExchange {
  const exchange = new TestExchange({ target });
  assert.equal(makeMiddleware(replacePath, { path }).onRequest!(exchange), Verdict.NEXT);
  return exchange;
}

test('the path is replaced, the query kept, the old path told', () => {
  const { request } = run('/new');
  assert.equal(request.target, '/new?x=1');
  assert.deepEqual(request.getAll('x-replaced-path'), ['/old']);
});

test('the old path is told as it was sent', () => {
  assert.deepEqual(run('/new', '/a%2Fb%20c').request.getAll('x-replaced-path'), ['/a%2Fb%20c']);
});

test('an escaped path is taken literally', () => {
  assert.equal(run('/a%2Fb').request.path, '/a%2Fb');
  assert.equal(run("/a(b)'!").request.path, "/a(b)'!");
});

test('what is no escaped path is escaped as a whole and cannot reach the query', () => {
  assert.equal(run('/a b').request.target, '/a%20b?x=1');
  assert.equal(run('/a?b#c').request.target, '/a%3Fb%23c?x=1');
  assert.equal(run('/ü').request.target, '/%C3%BC?x=1');
  assert.equal(run('/a\r\nX: y').request.target, '/a%0D%0AX:%20y?x=1');
});

test('a leading slash is ensured', () => {
  assert.equal(run('new').request.path, '/new');
  assert.equal(run('').request.path, '/');
});

test('a broken encoding is refused before anything is served', () => {
  assert.match(problemsOf(replacePath, { path: '/a%2' }), /path: has a %/);
  assert.throws(() => replacePath.create({ path: '/%zz' }, 'x'), /%/);
});

test('two of them tell both paths', () => {
  const exchange = new TestExchange({ target: '/one' });
  for (const path of ['/two', '/three']) makeMiddleware(replacePath, { path }).onRequest!(exchange);
  assert.deepEqual(exchange.request.getAll('x-replaced-path'), ['/one', '/two']);
  assert.equal(exchange.request.path, '/three');
});

// Chained transforms: order, holding back, and that the last call reaches every one of them.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { BodyTransform } from '@sluice/middlewares/behaviours';
import { composeTransforms } from './compose-transforms.ts';

const suffix = (text: string): BodyTransform => ({
  push: (chunk, last) => Buffer.concat([chunk, Buffer.from(last ? text : '')]),
});

function holdAll(): BodyTransform {
  const chunks: Uint8Array[] = [];
  return {
    push(chunk, last) {
      chunks.push(Uint8Array.from(chunk));
      return last ? Buffer.concat(chunks) : undefined;
    },
  };
}

it('is nothing without transforms and the transform itself with one', () => {
  const one = suffix('!');
  assert.equal(composeTransforms([undefined]), undefined);
  assert.equal(composeTransforms([undefined, one]), one);
});

it('applies them in order, also when one holds everything back', () => {
  const both = composeTransforms([suffix('1'), holdAll(), suffix('2')])!;
  assert.equal(both.push(Buffer.from('a'), false), undefined);
  assert.equal(both.push(Buffer.from('b'), false), undefined);
  assert.equal(Buffer.from(both.push(new Uint8Array(0), true)!).toString(), 'ab12');
});

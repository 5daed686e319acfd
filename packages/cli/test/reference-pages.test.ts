// The generated reference pages are those of the present schemas. When this fails, run `npm run generate`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { referenceFiles } from '@sluice/config';
import { middlewareTypes } from '@sluice/middlewares';

for (const { name, content } of referenceFiles(middlewareTypes)) {
  test(`docs/reference/${name} is current`, () => {
    const stored = readFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), 'utf8');
    assert.ok(stored === content, 'run "npm run generate" and commit what it changes');
  });
}

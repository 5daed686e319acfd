// Writes the configuration reference (docs/reference/{static,dynamic}*) from the schemas that also validate. Run it after
// every change of a schema; a test compares.

import { writeFileSync } from 'node:fs';
import { referenceFiles } from '../packages/config/src/index.ts';
import { middlewareTypes } from '../packages/middlewares/src/index.ts';

for (const { name, content } of referenceFiles(middlewareTypes)) {
  writeFileSync(new URL(`../docs/reference/${name}`, import.meta.url), content);
}

// Writes the tables of docs/security/http1.md from the cases that the tests send. Run it after every change of a case; a test
// compares.

import { readFileSync, writeFileSync } from 'node:fs';
import { withCaseTables } from '../packages/dataplane/src/testing/case-tables.ts';

const page = new URL('../docs/security/http1.md', import.meta.url);
writeFileSync(page, withCaseTables(readFileSync(page, 'utf8')));

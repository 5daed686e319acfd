// Writes docs/reference/errors.md from the error catalogue. Run it after every change of the catalogue; a test compares.

import { writeFileSync } from 'node:fs';
import { renderErrorsPage } from '../packages/errors/src/errors-page.ts';

writeFileSync(new URL('../docs/reference/errors.md', import.meta.url), renderErrorsPage());

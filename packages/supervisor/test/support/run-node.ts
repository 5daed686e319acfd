// A supervisor as a process of its own, for tests: the static configuration's file is its argument, limits come as JSON.

import { readFileSync } from 'node:fs';
import { decodeStaticText } from '@sluice/config';
import { runSupervisor } from '@sluice/supervisor';

const [, , file = '', limits = '{}'] = process.argv;
const { configuration } = decodeStaticText(readFileSync(file), 'yaml', file);
process.exit(await runSupervisor({ configuration, limits: JSON.parse(limits) }));

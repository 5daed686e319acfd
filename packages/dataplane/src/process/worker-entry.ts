// Where the worker's entry file is. Importing this loads nothing of the data path.

import { fileURLToPath } from 'node:url';

/** Absolute path of the file that the supervisor runs in every worker process. */
export const WORKER_ENTRY: string = fileURLToPath(new URL('./worker-main.ts', import.meta.url));

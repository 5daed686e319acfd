// The process side of the command: arguments in, exit code out. Nothing else touches `process` on the way.

import { main } from './main.ts';
import { processTerminal } from './terminal.ts';

// Setting the code instead of calling exit() lets piped output be written to its end.
process.exitCode = await main({
  arguments: process.argv.slice(2),
  environment: process.env,
  workingDirectory: process.cwd(),
  terminal: processTerminal,
});

/** For a supervisor whose last handles stay open longer than they should. */
const EXIT_AFTER_MS = 2_000;
setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();

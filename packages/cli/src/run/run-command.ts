// `sluice run`: load the static configuration, say what is doubtful about it, become the supervisor.

import { loadStaticConfiguration } from '@sluice/config';
import { formatDiagnostic } from '@sluice/errors';
import type { Command, CommandContext } from '../command.ts';

const HELP = `Usage: sluice [run] [flags]

Starts Sluice and stays in the foreground until it gets SIGTERM or SIGINT (drain and leave; a second one cuts connections).
SIGHUP reads the providers again. "sluice help" lists the flags and says where else the configuration can come from.

Exit code: 0 after a drained stop, 1 when it could not start, 130 when connections were cut.
`;

export const runCommand: Command = {
  name: 'run',
  summary: 'start Sluice (what happens without a command)',
  help: HELP,
  run: runSluice,
};

async function runSluice({ terminal, ...context }: CommandContext): Promise<number> {
  const { configuration, diagnostics } = loadStaticConfiguration(context);
  for (const diagnostic of diagnostics) terminal.err(`${formatDiagnostic(diagnostic)}\n`);
  // Loaded late: the other commands work where the native addon has not been built.
  const { runSupervisor } = await import('@sluice/supervisor');
  return await runSupervisor({ configuration });
}

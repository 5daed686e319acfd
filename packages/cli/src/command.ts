// What a sub-command is. Commands return their exit code and never end the process themselves.

import type { Terminal } from './terminal.ts';

export interface CommandContext {
  /** Without program and command name. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly terminal: Terminal;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** How it is used and its options; shown by `sluice help <name>` and `sluice <name> --help`. */
  readonly help: string;
  /** @throws UsageError, ConfigurationError: shown to the person, exit code 1. */
  run(context: CommandContext): Promise<number>;
}

// Finds the sub-command and runs it. Turns the errors that are meant for people into messages and an exit code.

import { nearestKey } from '@sluice/config';
import { ConfigurationError, formatDiagnostic } from '@sluice/errors';
import type { Command, CommandContext } from './command.ts';
import { UsageError } from './command-line/parse-options.ts';
import { explainCommand } from './explain/explain-command.ts';
import { helpText } from './help/help-text.ts';
import { runCommand } from './run/run-command.ts';
import { validateCommand } from './validate/validate-command.ts';
import { versionCommand } from './version/version-command.ts';

const helpCommand: Command = {
  name: 'help',
  summary: 'show this text, or that of a command',
  help: 'Usage: sluice help [command]\n',
  run: runHelp,
};

export const COMMANDS: readonly Command[] = [runCommand, validateCommand, explainCommand, versionCommand, helpCommand];

/** @returns the exit code */
export async function main(context: CommandContext): Promise<number> {
  const [first = ''] = context.arguments;
  const isFlag = first === '' || first.startsWith('-');
  const command = isFlag ? runCommand : COMMANDS.find(({ name }) => name === first);
  if (command === undefined) return unknownCommand(first, context);
  const rest = isFlag ? context.arguments : context.arguments.slice(1);
  if (asksForHelp(rest)) return await runHelp({ ...context, arguments: isFlag ? [] : [command.name] });
  try {
    return await command.run({ ...context, arguments: rest });
  } catch (error) {
    return explainFailure(error, command, context);
  }
}

/** Before `--` only; `-h` is the short form, `-H` is a header of `explain`. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((word) => word === '-h' || /^--?help$/i.test(word));
}

async function runHelp(context: CommandContext): Promise<number> {
  const [name] = context.arguments;
  if (name === undefined) {
    context.terminal.out(helpText(COMMANDS));
    return 0;
  }
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) return unknownCommand(name, context);
  context.terminal.out(command.help);
  return 0;
}

function unknownCommand(word: string, { terminal }: CommandContext): number {
  const names = COMMANDS.map(({ name }) => name);
  const near = nearestKey(word, names);
  const advice = near === undefined ? '' : `; did you mean "${near}"?`;
  terminal.err(
    `sluice: there is no command "${word}"${advice} Commands: ${names.join(', ')}. "sluice help" tells more.\n`,
  );
  return 1;
}

function explainFailure(error: unknown, command: Command, { terminal }: CommandContext): number {
  if (error instanceof ConfigurationError) {
    for (const diagnostic of error.diagnostics) terminal.err(`${formatDiagnostic(diagnostic)}\n`);
    return 1;
  }
  if (error instanceof UsageError) {
    terminal.err(`sluice ${command.name}: ${error.message}\n"sluice help ${command.name}" tells how it is used.\n`);
    return 1;
  }
  throw error;
}

export type { Command, CommandContext } from './command.ts';
export { COMMANDS, main } from './main.ts';
export type { Terminal } from './terminal.ts';

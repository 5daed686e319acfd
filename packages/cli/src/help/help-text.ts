// What `sluice help` prints. The list of flags is made from the schema that checks them.

import { describeStatic, type SchemaKey } from '@sluice/config';
import type { Command } from '../command.ts';

const INDENT = ' '.repeat(6);
const WIDTH = 100;

export function helpText(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`).join('\n');
  return `Sluice, a multi-process load balancer that reads Traefik v3 configuration.

Usage: sluice [command] [flags]

Commands:
${list}

"sluice help <command>" tells more about a command. Without a command, "run" is meant.

The configuration comes from the first of these that is found: the file given with --configFile; sluice.toml, sluice.yaml or
sluice.yml in /etc/sluice, $XDG_CONFIG_HOME, $HOME/.config or the working directory; flags; environment variables such as
SLUICE_ENTRYPOINTS_WEB_ADDRESS=:80. They are not mixed, but --workers and --validation.unknownKeys can be added to any.

Flags (case does not matter; "--flag=value" or "--flag value"; lists with commas; durations as 300ms, 10s, 1h30m):

  --configFile <string>
${INDENT}The file with the static configuration (.toml, .yaml, .yml, .json).
${flagsText()}`;
}

function flagsText(): string {
  return describeStatic()
    .filter((key) => !isPlainSection(key))
    .map(flagText)
    .join('');
}

/** Sections that cannot be given as a flag themselves. */
function isPlainSection({ type }: SchemaKey): boolean {
  return type === 'section' || type.startsWith('map of');
}

function flagText({ path, type, default: standard, required, description }: SchemaKey): string {
  const fallback = required ? 'required' : standard === undefined ? undefined : `default: ${standard}`;
  const text = [description, fallback && `(${fallback})`].filter((part) => part).join(' ');
  const body = text === '' ? [] : wrap(text).map((line) => `${INDENT}${line}`);
  return [`  --${path} <${type}>`, ...body, ''].join('\n');
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > WIDTH - INDENT.length) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

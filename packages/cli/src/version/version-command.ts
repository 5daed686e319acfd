// `sluice version`: what runs here, for bug reports.

import { readFileSync } from 'node:fs';
import type { Command } from '../command.ts';

export const versionCommand: Command = {
  name: 'version',
  summary: 'print the version',
  help: 'Usage: sluice version\n\nPrints the versions of Sluice and Node, and the platform.\n',
  async run({ terminal }) {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    terminal.out(`sluice ${version}\nnode ${process.versions.node}\nplatform ${process.platform}/${process.arch}\n`);
    return 0;
  },
};

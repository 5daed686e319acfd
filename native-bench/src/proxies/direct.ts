// No proxy at all: clients ask the server itself, which tells how much of what is measured is theirs.

import type { ProxyKind } from './proxy.ts';

export const direct: ProxyKind = {
  name: 'direct',
  isAbsent: true,
  tool: { command: 'sleep' },
  downstreams: ['tcp'],
  version: () => 'no proxy',
  choices: [],
  hostsMax: 0,
  // Something to hold a proxy's place among the processes.
  plan: () => ({ files: {}, command: ['sleep', 'infinity'] }),
};

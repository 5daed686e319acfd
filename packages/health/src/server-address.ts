// `host:port` of a server of a TCP or UDP service, taken apart. Pure.

import type { CheckProblem } from './check-request.ts';

export interface ServerAddress {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(\[[0-9A-Fa-f:.%\w]+\]|[^:[\]/\s]+):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** @param port of the check; 0: that of the server */
export function planServerAddress(address: string, port: number): ServerAddress | CheckProblem {
  const parts = ADDRESS.exec(address);
  const serverPort = Number(parts?.[2]);
  if (parts === null || serverPort > PORT_MAX) return { problem: `server address "${address}" is not host:port` };
  const checkPort = port === 0 ? serverPort : port;
  if (checkPort === 0 || checkPort > PORT_MAX) return { problem: `port ${checkPort} is not a number from 1 to 65535` };
  return { host: parts[1]!.replace(/^\[|\]$/g, ''), port: checkPort };
}

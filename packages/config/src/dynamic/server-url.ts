// The address of one server: `http://host[:port][/path]`, or with `https` or `h2c`. Its spelling is its identity, so nothing is rewritten.

import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isHostName } from '../schema/network.ts';

const URL_PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:[\]]*)(?::(\d*))?([/?#].*)?$/;
const URL_MAX_CHARACTERS = 2_048;
const FORM = 'must be "http://host[:port]"';
export const SERVER_SCHEMES: readonly string[] = ['http', 'https', 'h2c'];

export const serverUrlSchema = z
  .string()
  .max(URL_MAX_CHARACTERS)
  .superRefine((value, context) => {
    const parts = URL_PARTS.exec(value);
    if (parts === null || /[\s\u0000-\u001f\u007f]/.test(value)) {
      context.addIssue({ code: 'custom', message: `${FORM}, not "${value.slice(0, 100)}"` });
      return;
    }
    const [, scheme = '', host = '', port] = parts;
    const problem = schemeProblem(scheme) ?? hostProblem(host) ?? portProblem(port);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .describe('Address of the server: "http://host[:port][/path]"; https: over TLS; h2c: HTTP/2 without TLS.');

function schemeProblem(scheme: string): string | undefined {
  if (SERVER_SCHEMES.includes(scheme.toLowerCase())) return undefined;
  return `has the unknown scheme "${scheme.slice(0, 100)}"; accepted: ${SERVER_SCHEMES.join(', ')}`;
}

function hostProblem(host: string): string | undefined {
  const isValid = host.startsWith('[') ? ipaddr.IPv6.isValid(host.slice(1, -1)) : isHostName(host);
  return isValid ? undefined : `has no valid host ("${host}")`;
}

function portProblem(port: string | undefined): string | undefined {
  if (port === undefined || port === '') return undefined;
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? undefined : `has no valid port (${port})`;
}

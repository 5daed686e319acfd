// The address of one server: `http://host[:port][/path]`. Its spelling is its identity, so nothing is rewritten.

import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { addCodedIssue } from '../schema/issue.ts';
import { isHostName } from '../schema/network.ts';

const URL_PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:[\]]*)(?::(\d*))?([/?#].*)?$/;
const URL_MAX_CHARACTERS = 2_048;
const FORM = 'must be "http://host[:port]"';

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
    if (problem !== undefined) addCodedIssue(context, problem.code, problem.message);
  })
  .describe('Address of the server: "http://host[:port][/path]".');

interface Problem {
  readonly code: 'CONFIG_UNSUPPORTED' | 'CONFIG_VALUE';
  readonly message: string;
}

function schemeProblem(scheme: string): Problem | undefined {
  const lower = scheme.toLowerCase();
  if (lower === 'http') return undefined;
  if (lower === 'https' || lower === 'h2c') {
    const message = `has the scheme ${lower}, which is known, but not supported by this version yet; accepted: http`;
    return { code: 'CONFIG_UNSUPPORTED', message };
  }
  return { code: 'CONFIG_VALUE', message: `has the unknown scheme "${scheme}"; accepted: http` };
}

function hostProblem(host: string): Problem | undefined {
  const isValid = host.startsWith('[') ? ipaddr.IPv6.isValid(host.slice(1, -1)) : isHostName(host);
  return isValid ? undefined : { code: 'CONFIG_VALUE', message: `has no valid host ("${host}")` };
}

function portProblem(port: string | undefined): Problem | undefined {
  if (port === undefined || port === '') return undefined;
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? undefined : { code: 'CONFIG_VALUE', message: `has no valid port (${port})` };
}

// A map of header names to values as `headers` takes it: every entry checked, each name at most once whatever its case.

import { isHostValue } from '@sluice/protocols';
import { z } from 'zod';
import { fieldNameProblem, fieldValueProblem } from '../shared/field-text.ts';

/**
 * Fields that say where a message ends. Setting or removing them by hand would let one message be read as two, so the
 * data path alone writes them.
 */
const FRAMING = new Set(['content-length', 'transfer-encoding']);
/** Fields of one connection: those received are removed anyway, so only setting them is refused. */
const CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']);

export function headerMap() {
  return z
    .record(z.string(), z.string({ error: 'must be a string' }), { error: 'must be a map from header names to values' })
    .superRefine((map, context) => {
      const seen = new Set<string>();
      for (const [name, value] of Object.entries(map)) {
        const lower = name.toLowerCase();
        const problem = seen.has(lower) ? 'is given twice, in different case' : headerProblem(name, value);
        seen.add(lower);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
      }
    });
}

function headerProblem(name: string, value: string): string | undefined {
  const lower = name.toLowerCase();
  if (FRAMING.has(lower) || (CONNECTION.has(lower) && value !== '')) {
    return 'belongs to the framing of the message or to the connection, which the proxy writes itself';
  }
  if (lower === 'host' && value !== '' && !isHost(value))
    return 'must be a host name or address, with or without a port';
  return fieldNameProblem(name) ?? fieldValueProblem(value);
}

function isHost(value: string): boolean {
  const bytes = Buffer.from(value.trim(), 'utf8');
  return isHostValue(bytes, 0, bytes.length);
}

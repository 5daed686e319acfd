// The address of one server of TCP or UDP: `host:port`. Its spelling is its identity, so nothing is rewritten.

import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isHostName } from './network.ts';

export interface HostAndPort {
  /** Name, or IP literal without brackets. */
  readonly hostname: string;
  readonly port: number;
}

const PARTS = /^(?:\[([^\]]*)\]|([^:[\]/\s]+)):(\d{1,5})$/;
const FORM = 'must be "host:port", for example "10.0.0.1:5432" or "[2001:db8::1]:5432"';

/** @returns the parts, or one sentence (without subject) that says what is wrong */
export function parseServerAddress(text: string): HostAndPort | string {
  const parts = PARTS.exec(text);
  if (parts === null) return `${FORM}, not "${text.slice(0, 100)}"`;
  const [, ipv6, name = '', digits = ''] = parts;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return `has no valid port (${digits})`;
  const isValid = ipv6 === undefined ? isHostName(name) : ipaddr.IPv6.isValid(ipv6);
  return isValid ? { hostname: ipv6 ?? name, port } : `has no valid host ("${ipv6 ?? name}")`;
}

export const serverAddressSchema = z
  .string()
  .superRefine((value, context) => {
    const parsed = parseServerAddress(value);
    if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed });
  })
  .describe('Address of the server, "host:port".');

// Addresses, networks and URLs as they are written in the configuration.

import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { splitList } from './lists.ts';
import { typeNamed } from './section.ts';

/** A full IPv4 or IPv6 address, or a network such as `10.0.0.0/8`. Short IPv4 forms (`10.1`) are refused. */
export function isIpOrCidr(text: string): boolean {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isV4 && !(address.includes(':') && !address.includes('%') && ipaddr.IPv6.isValid(address))) return false;
  if (slash === -1) return true;
  const bits = text.slice(slash + 1);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (isV4 ? 32 : 128);
}

/** A list of IPs and CIDRs, or one string with commas. Items are trimmed, not rewritten. */
export function cidrListSchema() {
  const schema = z
    .union([z.array(z.string()), z.string()], { error: 'must be a list of IP addresses or CIDR networks' })
    .transform((value, context): string[] => {
      const items = typeof value === 'string' ? splitList(value) : value.map((item) => item.trim());
      for (const [index, item] of items.entries()) {
        if (isIpOrCidr(item)) continue;
        const path = typeof value === 'string' ? [] : [index];
        context.addIssue({ code: 'custom', path, message: `must be IP addresses or CIDR networks, not "${item}"` });
      }
      return items;
    });
  return typeNamed('list of IPs and CIDRs', schema);
}

export interface EntryPointAddress {
  /** Name, IPv4 or IPv6 without brackets; empty: all interfaces, both families. */
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

const ADDRESS = /^(?:\[([^\]]*)\]|([^:[\]/]*)):(\d{1,5})(?:\/([A-Za-z]+))?$/;
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/**
 * `[host]:port[/tcp|/udp]` (static-config.md section 2).
 * @returns the parts, or one sentence (without subject) that says what is wrong
 */
export function parseEntryPointAddress(text: string): EntryPointAddress | string {
  const parts = ADDRESS.exec(text);
  if (parts === null) return 'must be "[host]:port", for example ":80" or "[::1]:8080"';
  const [, ipv6, name = '', port = '', suffix = 'tcp'] = parts;
  const protocol = suffix.toLowerCase();
  if (protocol !== 'tcp' && protocol !== 'udp') return `must end with /tcp, /udp or nothing, not "/${suffix}"`;
  if (Number(port) > 65_535) return `has a port above 65535 (${port})`;
  if (ipv6 !== undefined && !ipaddr.IPv6.isValid(ipv6))
    return `has no valid IPv6 address between its brackets ("${ipv6}")`;
  if (ipv6 === undefined && name !== '' && !isHostName(name)) return `has no valid host ("${name}")`;
  return { host: ipv6 ?? name, port: Number(port), protocol };
}

/** A DNS name (underscores allowed, as people use them inside clusters) or a dotted IPv4 address. */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  if (/^[\d.]+$/.test(text)) return ipaddr.IPv4.isValidFourPartDecimal(text);
  return HOST_NAME.test(text);
}

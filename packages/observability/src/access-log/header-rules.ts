// Which header fields lines have (`fields.headers`): by name, or by the mode for all others. Decided once per process;
// fields that carry credentials are hidden unless they are kept by name.

import type { AccessLogConfiguration, AccessLogHeaderMode } from '@sluice/config';

/** Lower case. A mode for all headers must not put passwords and sessions into a file that many may read. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie']);
/** The host has fields of its own in a line; how a body is framed belongs to the connection and not to the message. */
const NEVER_TAKEN: ReadonlySet<string> = new Set(['host', 'transfer-encoding']);

export class HeaderRules {
  /** Lower-case names from the configuration that are not dropped. */
  readonly named: readonly string[];
  /** Fields that are not named are wanted too. */
  readonly takesOthers: boolean;
  private readonly modes: ReadonlyMap<string, AccessLogHeaderMode>;
  private readonly defaultMode: AccessLogHeaderMode;

  constructor({ defaultMode, names }: AccessLogConfiguration['fields']['headers']) {
    this.defaultMode = defaultMode;
    this.modes = new Map(Object.entries(names).map(([name, mode]) => [name.toLowerCase(), mode]));
    this.takesOthers = defaultMode !== 'drop';
    this.named = [...this.modes.keys()].filter((name) => this.modeOf(name) !== 'drop');
  }

  get takesNothing(): boolean {
    return this.named.length === 0 && !this.takesOthers;
  }

  /** @param name lower case */
  modeOf(name: string): AccessLogHeaderMode {
    if (NEVER_TAKEN.has(name)) return 'drop';
    const mode = this.modes.get(name);
    if (mode !== undefined) return mode;
    return this.defaultMode === 'keep' && CREDENTIALS.has(name) ? 'redact' : this.defaultMode;
  }
}

/** `x-real-ip` → `X-Real-Ip`, as in the reference. */
export function canonicalHeaderName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** Byte order: what sorts keys in every line the same way. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Reads certificate pairs and authorities, and remembers the last good version of each: files that are replaced one after the
// other do not fit for a moment, and nobody should notice. Unchanged content is not parsed again. Watches nothing.

import { createHash } from 'node:crypto';
import type { KeyPairConfiguration } from '@sluice/config';
import { CertificateError } from './certificate-error.ts';
import { type KeyPair, parseCertificates, parseKeyPair } from './parse-key-pair.ts';
import { pathOf, readFileOrContent } from './read-file-or-content.ts';

export interface Loaded<Value> {
  /** Undefined: it cannot be used, and never could. */
  readonly value: Value | undefined;
  /** Why it cannot be used as it is now; the value is then that of before. */
  readonly problem: string | undefined;
}

interface Remembered {
  readonly contentHash: string;
  readonly value: unknown;
}

/** One file of authorities; the largest public bundles have some 150. */
const AUTHORITIES_MAX = 1_000;

export class KeyPairLoader {
  readonly #workingDirectory: string;
  /** By a hash of what the configuration says, which may be a key itself. */
  #remembered = new Map<string, Remembered>();
  #used = new Map<string, Remembered>();

  /** @param workingDirectory that relative paths begin at */
  constructor(workingDirectory: string) {
    this.#workingDirectory = workingDirectory;
  }

  /** The path that a value of the configuration stands for; undefined for content. */
  pathOf(value: string): string | undefined {
    return pathOf(value, this.#workingDirectory);
  }

  async loadPair({ certFile, keyFile }: KeyPairConfiguration): Promise<Loaded<KeyPair>> {
    return await this.#load(
      hashOf('pair', certFile, keyFile),
      [
        ['the certificate', certFile],
        ['the key', keyFile],
      ],
      ([certificate, key]) => parseKeyPair(certificate!, key!),
    );
  }

  /** PEM of the authorities in one entry, normalised. A problem is a sentence without its subject. */
  async loadAuthorities(value: string): Promise<Loaded<string>> {
    return await this.#load(hashOf('authorities', value), [['', value]], ([pem]) => {
      const found = parseCertificates(pem!, AUTHORITIES_MAX);
      return found.map((certificate) => certificate.toString()).join('');
    });
  }

  /** Forgets what has not been loaded since the last call: the configuration does not name it any more. */
  forgetUnused(): void {
    this.#remembered = this.#used;
    this.#used = new Map();
  }

  async #load<Value>(
    key: string,
    values: readonly (readonly [subject: string, value: string])[],
    parse: (contents: readonly string[]) => Value,
  ): Promise<Loaded<Value>> {
    const before = this.#used.get(key) ?? this.#remembered.get(key);
    if (before !== undefined) this.#used.set(key, before);
    try {
      const contents: string[] = [];
      for (const [subject, value] of values) contents.push(await this.#read(subject, value));
      const contentHash = hashOf(...contents);
      if (before?.contentHash === contentHash) return { value: before.value as Value, problem: undefined };
      const value = parse(contents);
      this.#used.set(key, { contentHash, value });
      return { value, problem: undefined };
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      return { value: before?.value as Value | undefined, problem: error.message };
    }
  }

  async #read(subject: string, value: string): Promise<string> {
    try {
      return await readFileOrContent(value, this.#workingDirectory);
    } catch (error) {
      throw error instanceof CertificateError ? new CertificateError(`${subject} ${error.message}`.trimStart()) : error;
    }
  }
}

function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('base64');
}

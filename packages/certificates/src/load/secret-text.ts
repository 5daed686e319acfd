// Text that must not get into logs, errors, reports or inspectors: a private key. Only `reveal` gives it away.

import { inspect } from 'node:util';

const SHOWN = '[secret]';

export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** For the TLS library, and for nothing that is printed. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

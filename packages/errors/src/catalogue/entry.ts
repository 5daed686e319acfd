// The shape of one entry of the error catalogue, and how a side's entries are completed and frozen.
// Data only: who logs, answers or retries reads it and acts elsewhere.

/** Where the cause lies: the client, the server, this proxy's data path, or the processes and files around it. */
export type ErrorSide = 'downstream' | 'upstream' | 'proxy' | 'control';

/**
 * What repeating the exchange can achieve.
 * - `never`: the same would happen again, or the server may already have acted on the request.
 * - `fresh-connection`: a reused connection had gone stale. A request that may be replayed (nothing of it was written, or
 *   it has no body and its method is safe) goes once more over a new connection to the same server. On a connection that
 *   was new it means `never`.
 * - `next-server`: the server never saw the request; another one may get it whatever the method.
 */
export type RetryMeaning = 'never' | 'fresh-connection' | 'next-server';

/** `text`: the reason phrase. `plain`: `bodyText` typed as plain text. `empty`: no body. */
export type ErrorBody = 'text' | 'plain' | 'empty';

/** Lower-case names of the logger's levels. */
export type ErrorLogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface CatalogueEntry<Code extends string = string> {
  /** 1 … 255; names the entry in counters and log rings. Never changes and is never given to another code. */
  readonly id: number;
  readonly code: Code;
  readonly side: ErrorSide;
  readonly retry: RetryMeaning;
  /** What the client gets (HTTP services reference §10.5). 0: no answer is possible or due; the connection is cut or nobody waits. */
  readonly status: number;
  readonly body: ErrorBody;
  /** Without its final newline; empty unless `body` is `plain`. */
  readonly bodyText: string;
  readonly logLevel: ErrorLogLevel;
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** What an operator should look at, in one or two sentences. */
  readonly check: string;
}

/** Numbers of the sides' ranges of ids: 64 each, so that an id tells its side and every id fits a byte. */
export const ID_BASE: Readonly<Record<ErrorSide, number>> = { downstream: 0, upstream: 64, proxy: 128, control: 192 };

/** An entry as it is written down: parts that most entries share may be left out. */
export interface EntryText {
  /** Place in the side's range, 1 … 63. */
  readonly number: number;
  readonly meaning: string;
  readonly check: string;
  /** Default 0. */
  readonly status?: number;
  /** Default `never`. */
  readonly retry?: RetryMeaning;
  /** Makes the body `plain`. */
  readonly plain?: string;
  /** Makes the body `empty`. */
  readonly empty?: true;
  /** Default `debug`: one bad client or server must not flood the log; counters show how often it happens. */
  readonly logLevel?: ErrorLogLevel;
}

/** Completes and freezes the entries of one side. */
export function catalogueOf<const Code extends string>(
  side: ErrorSide,
  texts: Readonly<Record<Code, EntryText>>,
): { readonly [C in Code]: CatalogueEntry<C> } {
  const entries: Record<string, CatalogueEntry> = {};
  for (const code of Object.keys(texts) as Code[]) entries[code] = complete(side, code, texts[code]);
  return Object.freeze(entries) as { readonly [C in Code]: CatalogueEntry<C> };
}

function complete(side: ErrorSide, code: string, text: EntryText): CatalogueEntry {
  const status = text.status ?? 0;
  return Object.freeze({
    id: ID_BASE[side] + text.number,
    code,
    side,
    retry: text.retry ?? 'never',
    status,
    body: text.plain !== undefined ? 'plain' : text.empty || status === 0 ? 'empty' : 'text',
    bodyText: text.plain ?? '',
    logLevel: text.logLevel ?? 'debug',
    meaning: text.meaning,
    check: text.check,
  });
}

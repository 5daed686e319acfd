// How a question is asked, and over what. Types only.

/** HTTP/1.1, the same in TLS, HTTP/2 in TLS, HTTP/2 without TLS and known beforehand. */
export type AskProtocol = 'http' | 'https' | 'h2' | 'h2c';

export interface Question {
  readonly port: number;
  /** Default http. */
  readonly protocol?: AskProtocol;
  /** Default GET. */
  readonly method?: string;
  /** Default `/`. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default 10,000. */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  /** Names in lower case, trailers included. */
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly bodyBytes: number;
  /** The first kibibyte of the body. */
  readonly text: string;
}

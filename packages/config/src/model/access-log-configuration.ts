// The decoded `accessLog` section of the static configuration, after defaults are applied.

import type { DurationMs } from './static-configuration.ts';

export type AccessLogFormat = 'common' | 'genericCLF' | 'json';
export type AccessLogFieldMode = 'keep' | 'drop';
export type AccessLogHeaderMode = 'keep' | 'drop' | 'redact';

export interface AccessLogConfiguration {
  /** Empty: standard output. */
  readonly filePath: string;
  readonly format: AccessLogFormat;
  /** Lines that are collected before they are written; 0: they are written as soon as possible. */
  readonly bufferingSize: number;
  /** Also requests to services of the program itself. */
  readonly addInternals: boolean;
  /** Also connections of TCP routers. Our extension. */
  readonly addTcp: boolean;
  /** A line is written when any filter that is set says so; without any, all are. */
  readonly filters: {
    /** `200` or `300-302`, validated. */
    readonly statusCodes: readonly string[];
    readonly retryAttempts: boolean;
    /** 0: not set. */
    readonly minDuration: DurationMs;
  };
  readonly fields: {
    readonly defaultMode: AccessLogFieldMode;
    /** Names in any case. */
    readonly names: Readonly<Record<string, AccessLogFieldMode>>;
    readonly headers: {
      readonly defaultMode: AccessLogHeaderMode;
      /** Names in any case. */
      readonly names: Readonly<Record<string, AccessLogHeaderMode>>;
    };
    readonly queryParameters: { readonly defaultMode: AccessLogFieldMode };
  };
}

// Options of `headers` (reference: HTTP middlewares §3).

import { addCodedIssue } from '@sluice/config';
import { z } from 'zod';
import { headerMap } from './header-map.ts';
import { laterOptions, optionsWithoutEffect, WITHOUT_EFFECT } from './later-options.ts';

export const headersOptions = z
  .object({
    customRequestHeaders: headerMap()
      .default({})
      .describe(
        'Header names and values to set on requests; "" deletes. Host sets the host that is sent on; X-Forwarded-For: "", spelled like this, keeps the client’s address out altogether.',
      ),
    customResponseHeaders: headerMap()
      .default({})
      .describe('Header names and values to set on responses, in place of all the service sent; "" deletes.'),
    ...laterOptions,
    ...optionsWithoutEffect,
  })
  .superRefine((options, context) => {
    const names = Object.keys(options.customRequestHeaders).length + Object.keys(options.customResponseHeaders).length;
    const deprecated = WITHOUT_EFFECT.some((key) => options[key] !== undefined);
    if (names === 0 && !deprecated) {
      const message = 'does nothing; accepted: customRequestHeaders, customResponseHeaders';
      addCodedIssue(context, 'CONFIG_MISSING', message);
    }
  });

/** What behaviour needs of the options; the others are refused or without effect. */
export type HeadersOptions = z.infer<typeof headersOptions>;

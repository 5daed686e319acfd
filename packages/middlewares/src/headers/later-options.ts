// The options of `headers` that are known and not acted on: those of CORS and security headers, which would be unsafe to
// leave out silently, and those that have no effect in the compatible configuration either.

import { addCodedIssue } from '@sluice/config';
import { z } from 'zod';

/** Same words as for every other key of this kind (see the table of unsupported keys in the config package). */
const SENTENCE = 'is known, but not supported by this version yet; ignoring it would not be safe';

const LATER = [
  'accessControlAllowCredentials',
  'accessControlAllowHeaders',
  'accessControlAllowMethods',
  'accessControlAllowOriginList',
  'accessControlAllowOriginListRegex',
  'accessControlExposeHeaders',
  'accessControlMaxAge',
  'addVaryHeader',
  'allowedHosts',
  'hostsProxyHeaders',
  'sslProxyHeaders',
  'stsSeconds',
  'stsIncludeSubdomains',
  'stsPreload',
  'forceSTSHeader',
  'frameDeny',
  'customFrameOptionsValue',
  'contentTypeNosniff',
  'browserXssFilter',
  'customBrowserXSSValue',
  'contentSecurityPolicy',
  'contentSecurityPolicyReportOnly',
  'referrerPolicy',
  'permissionsPolicy',
  'publicKey',
  'isDevelopment',
] as const;

export const WITHOUT_EFFECT = [
  'featurePolicy',
  'sslRedirect',
  'sslTemporaryRedirect',
  'sslHost',
  'sslForceHost',
] as const;

/** 0 is a value of its own here: it sends `Access-Control-Max-Age: 0`. */
const ZERO_MEANS_SOMETHING = new Set<string>(['accessControlMaxAge']);

type Keys<Names extends readonly string[]> = Record<Names[number], z.ZodOptional<z.ZodUnknown>>;

export const laterOptions = Object.fromEntries(LATER.map((key) => [key, refused(key)])) as Keys<typeof LATER>;

export const optionsWithoutEffect = Object.fromEntries(
  WITHOUT_EFFECT.map((key) => [key, z.unknown().optional().describe('Deprecated; accepted, without effect.')]),
) as Keys<typeof WITHOUT_EFFECT>;

/** A value that switches the option off is what is done anyway, so it is accepted. */
function refused(key: string) {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (!isOff(key, value)) addCodedIssue(context, 'CONFIG_UNSUPPORTED', SENTENCE);
    })
    .optional()
    .describe('Not supported by this version yet; refused unless it is off.');
}

/** Label and flag sources give everything as text. */
function isOff(key: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object') return Object.keys(value).length === 0;
  const text = String(value).toLowerCase();
  return text === '' || text === 'false' || (text === '0' && !ZERO_MEANS_SOMETHING.has(key));
}

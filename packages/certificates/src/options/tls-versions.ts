// Names of TLS versions as numbers on the wire. Facts only.

import type { TlsVersionName } from '@sluice/config';

export const TLS_VERSION_NUMBERS: Readonly<Record<TlsVersionName, number>> = {
  VersionTLS10: 0x0301,
  VersionTLS11: 0x0302,
  VersionTLS12: 0x0303,
  VersionTLS13: 0x0304,
};

// One set of TLS options as workers get it: numbers, and the names that OpenSSL has for things. Pure.

import {
  BUILT_IN_TLS_OPTIONS,
  type ClientAuthType,
  CURVE_NAMES,
  DEFAULT_CIPHER_SUITES,
  findCurve,
  opensslSuite,
  type TlsOptionsConfiguration,
} from '@sluice/config';
import { ClientAuth, type OptionSet, suiteKeyKinds } from '@sluice/routing';
import { TLS_VERSION_NUMBERS } from './tls-versions.ts';

const CLIENT_AUTH: Readonly<Record<ClientAuthType, number>> = {
  NoClientCert: ClientAuth.NONE,
  RequestClientCert: ClientAuth.REQUEST,
  RequireAnyClientCert: ClientAuth.REQUIRE_ANY,
  VerifyClientCertIfGiven: ClientAuth.VERIFY_IF_GIVEN,
  RequireAndVerifyClientCert: ClientAuth.REQUIRE_AND_VERIFY,
};

/** The order of suites and curves in a configuration means nothing: ours is put in its place. */
const SUITE_ORDER = (name: string) => {
  const position = DEFAULT_CIPHER_SUITES.indexOf(name);
  return position === -1 ? DEFAULT_CIPHER_SUITES.length : position;
};

/** @param clientAuthorities PEM of all authorities of clients */
export function optionSet(name: string, options: TlsOptionsConfiguration, clientAuthorities: string): OptionSet {
  const { cipherSuites, curvePreferences, clientAuth } = options;
  const suites = cipherSuites.length === 0 ? DEFAULT_CIPHER_SUITES : cipherSuites;
  const ciphers = suites
    .toSorted((a, b) => SUITE_ORDER(a) - SUITE_ORDER(b))
    .flatMap((suite) => opensslSuite(suite) ?? []);
  const curves =
    curvePreferences.length === 0 ? CURVE_NAMES : CURVE_NAMES.filter((each) => curvePreferences.includes(each));
  const type = CLIENT_AUTH[clientAuth.clientAuthType];
  return {
    name,
    minVersion: TLS_VERSION_NUMBERS[options.minVersion],
    maxVersion: TLS_VERSION_NUMBERS[options.maxVersion],
    ciphers: [...new Set(ciphers)],
    cipherKeyKinds: ciphers.reduce((kinds, cipher) => kinds | suiteKeyKinds(cipher), 0),
    groups: curves.map((curve) => findCurve(curve)!.openssl),
    clientAuth: type,
    clientAuthorities: type === ClientAuth.NONE ? '' : clientAuthorities,
    sniStrict: options.sniStrict,
    alpnProtocols: options.alpnProtocols,
    anyProtocolInTcp: options.alpnProtocols.join() === BUILT_IN_TLS_OPTIONS.alpnProtocols.join(),
    sessionTickets: !options.disableSessionTickets,
  };
}

export * from './default-certificate/kept-default-certificate.ts';
export * from './load/key-pair-loader.ts';
export * from './load/load-tls.ts';
export type { KeyPair } from './load/parse-key-pair.ts';
export * from './load/secret-text.ts';
export * from './ocsp/ocsp-stapler.ts';
export * from './store/build-tls-tables.ts';
export * from './transports/load-transports.ts';

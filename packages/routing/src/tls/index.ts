// What a worker needs of TLS: no compiler, no grammar. The rest of the package comes with the package's own index.

export * from './entry-point-tls.ts';
export type * from './tls-material.ts';
export * from './tls-selection.ts';
export * from './tls-tables.ts';
export * from './transport-key.ts';

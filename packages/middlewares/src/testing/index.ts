export * from './make-middleware.ts';
export * from './pieces.ts';
export * from './run-exchange.ts';
export * from './test-exchange.ts';

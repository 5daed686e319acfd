// The loopback address, and a port on it that nobody listens on at the moment. Another program may take it in between; the one
// who was to listen on it then fails with a clear error, and the measurement is repeated in the next round.

export { freePort } from '../../../test/support/free-port.ts';

export const LOOPBACK = '127.0.0.1';

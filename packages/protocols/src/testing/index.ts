// Bytes that clients send, for tests of whoever reads them: ClientHellos and Initial packets of QUIC, field by field. Of tests only: nothing
// that runs may import it.

export { cryptoFrame, DCID, type InitialParts, sealInitial } from '../quic/test-support.ts';
export { alpnExtension, helloMessage, serverNameExtension, versionsExtension } from '../tls-hello/test-support.ts';

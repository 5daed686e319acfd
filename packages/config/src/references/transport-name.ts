// The qualified names of the static transports, as services may write them. The one of TCP has the same: kinds have names of their own.

export const DEFAULT_TRANSPORT = 'default@internal';

export const DEFAULT_TCP_TRANSPORT = DEFAULT_TRANSPORT;

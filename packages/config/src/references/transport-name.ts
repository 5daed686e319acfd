// The qualified name of the static `serversTransport`, as services may write it.

export const DEFAULT_TRANSPORT = 'default@internal';

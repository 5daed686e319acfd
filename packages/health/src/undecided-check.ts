// Thrown by a check that cannot tell: the server lives, and has no room for whoever asks. Taking it down for that would turn a crowd
// into an outage. The message is a sentence for the log.

export class UndecidedCheck extends Error {}

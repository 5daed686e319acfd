// Where a command writes: results on one stream, messages on the other. Tests give their own.

export interface Terminal {
  /** Results; a command's output can be piped. */
  out(text: string): void;
  /** Messages about what went wrong. */
  err(text: string): void;
}

export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

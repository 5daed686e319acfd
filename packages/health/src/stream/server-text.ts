// Words of a server, made fit for a log: short, in one line, and without control characters.

const CHARACTERS_MAX = 200;

export function serverText(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, CHARACTERS_MAX)
    .trim();
}

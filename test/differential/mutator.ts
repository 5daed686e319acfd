// Random messages between good and bad: cases of packages/dataplane/test/cases, changed in a few places by what makes parsers
// disagree. The same random source gives the same messages.

import type { RandomSource } from '../../packages/dataplane/src/testing/schedule/random-source.ts';

// biome-ignore format: a list of bytes is read better in few lines.
const PIECES = [
  '\r\n', '\n', '\r', '\r\n\r\n', '\n\n', '\r\r\n', ' ', '\t', ':', ';', ',', '\0', '\x0b', '\x7f', '\x80', '\xff', '"', '/', '#', '?', '%00',
  '%0d%0a', '0', '1', 'a', '0x', '+', '-', '_', '0\r\n\r\n', '3\r\nabc\r\n', ';x=y', 'Content-Length: 5\r\n', 'Content-Length: 0\r\n',
  'content-length:3\r\n', 'Transfer-Encoding: chunked\r\n', 'transfer-encoding:\tchunked\r\n', 'Transfer-Encoding: identity\r\n',
  'Transfer_Encoding: chunked\r\n', 'Connection: close\r\n', 'Connection: keep-alive, X\r\n', 'Connection: Content-Length\r\n',
  'Expect: 100-continue\r\n', 'Upgrade: websocket\r\nConnection: Upgrade\r\n', 'Host: evil\r\n', 'X: y\r\n', ' folded\r\n', 'Trailer: X\r\n',
  'TE: trailers\r\n', 'GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n', 'HTTP/1.0', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
  'http://evil', '*', '..', '//', '\\', '@',
];

export function mutate(random: RandomSource, text: string): string {
  let out = text;
  for (let left = random.pick([0, 1, 1, 1, 2, 2, 3, 6]); left > 0; left--) out = change(random, out);
  return out;
}

function change(random: RandomSource, text: string): string {
  const at = random.whole(0, text.length);
  const piece = random.pick(PIECES);
  switch (random.whole(0, 6)) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + piece + text.slice(at + piece.length);
    case 3:
      return betweenLines(random, text, piece);
    case 4:
      return repeatLine(random, text);
    case 5:
      return text.slice(0, at) + swapCase(text.slice(at, at + 1)) + text.slice(at + 1);
    default:
      return text.replace(/\d+/g, (digits) => (random.chance(0.3) ? String(random.whole(0, 40)) : digits));
  }
}

/** Where most of them mean something. */
function betweenLines(random: RandomSource, text: string, piece: string): string {
  const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index + 2);
  if (ends.length === 0) return text + piece;
  const at = random.pick(ends);
  return text.slice(0, at) + piece + text.slice(at);
}

function repeatLine(random: RandomSource, text: string): string {
  const lines = text.split('\r\n');
  const from = random.whole(0, lines.length - 1);
  return lines.toSpliced(random.whole(0, lines.length), 0, lines[from]!).join('\r\n');
}

function swapCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}

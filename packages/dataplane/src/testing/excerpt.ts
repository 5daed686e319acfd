// Received bytes as a failing test shows them: escaped, and without the middle when they are many.

const SHOWN = 1_000;

export function excerpt(text: string): string {
  if (text.length <= 2 * SHOWN) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN))} … ${text.length - 2 * SHOWN} more … ${JSON.stringify(text.slice(-SHOWN))}`;
}

// Which names objects of the dynamic configuration may have.

/** Names become part of references, messages and metrics. */
const NAME_MAX_CHARACTERS = 1_024;

/** What is wrong with a name, as the second half of a sentence; undefined when nothing is. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is not a name: it is empty';
  if (name === '__proto__') return 'is not an accepted name';
  if (name.includes('@')) return 'must not contain "@": it separates names from their provider';
  if (name.length > NAME_MAX_CHARACTERS) return `is longer than ${NAME_MAX_CHARACTERS} characters`;
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'must not contain control characters';
  return undefined;
}

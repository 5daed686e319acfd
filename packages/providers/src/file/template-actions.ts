// Recognises template actions (`{{ env "X" }}`) in a configuration file, which are not evaluated here.
// A hint for the operator only: nothing is refused because of it, since rules and regular expressions may hold braces.

/**
 * What the inside of an action looks like: a trim marker or not, then a keyword, a variable, a field, a string, or a
 * function with an argument or a pipe. `{{2}}` and `{{id}}` are no actions.
 */
const ACTION =
  /\{\{-?\s*(?:\/\*|(?:if|else|end|range|with|define|block|template|break|continue)\b|\$|\.|"|`|[A-Za-z_]\w*\s*(?:\||["`$.(]|\s+[^\s}]))/;

/** 1-based line of the first action outside whole-line comments, or undefined. */
export function firstTemplateAction(text: string): number | undefined {
  let from = text.indexOf('{{');
  if (from === -1) return undefined;
  let line = 1;
  let start = 0;
  while (from !== -1) {
    for (let at = text.indexOf('\n', start); at !== -1 && at < from; at = text.indexOf('\n', start)) {
      line++;
      start = at + 1;
    }
    let end = text.indexOf('\n', from);
    if (end === -1) end = text.length;
    const whole = text.slice(start, end);
    const isAction = whole.includes('}}') && !whole.trimStart().startsWith('#') && ACTION.test(whole);
    if (isAction) return line;
    from = text.indexOf('{{', end);
  }
  return undefined;
}

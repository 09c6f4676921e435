const MAX_LENGTH = 100

/**
 * A text that a stranger chose, as people can be shown it who decide by it: nothing invisible, nothing that turns the
 * text around it, and not long: what is cut ends in an ellipsis. Undefined when nothing is left of it.
 */
export function displayable(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  // Cut first: whatever the stranger has sent, only so much is looked at.
  const shown = text
    .slice(0, 10 * MAX_LENGTH)
    .replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const characters = Array.from(shown)
  if (characters.length <= MAX_LENGTH) return shown || undefined
  return `${characters
    .slice(0, MAX_LENGTH - 1)
    .join('')
    .trim()}…`
}

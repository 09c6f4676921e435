// Makes another server's text safe to print at a terminal.
import { stripVTControlCharacters } from 'node:util'

const UNSAFE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/**
 * Removes control sequences and invisible characters, which could move the cursor, write to the clipboard, or hide the
 * text around them. Keeps line breaks and tabs.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, '')
}

/** JSON for people and programs, with the same characters as `\u` escapes: it means what it meant. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNSAFE, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

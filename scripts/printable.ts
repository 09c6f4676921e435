// Makes another server's text safe to print at a terminal.
import { stripVTControlCharacters } from 'node:util'

/**
 * Removes control sequences and invisible characters, which could move the cursor, write to the clipboard, or hide the
 * text around them. Keeps line breaks and tabs.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(
    /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    '',
  )
}

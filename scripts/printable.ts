// What another server said, as a terminal may be shown it.
import { stripVTControlCharacters } from 'node:util'

/**
 * Nothing in it moves the cursor, writes to the clipboard, hides or turns what stands around it: control sequences and
 * invisible characters are gone, lines and tabs stay.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(
    /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    '',
  )
}

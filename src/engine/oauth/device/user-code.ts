// User codes (RFC 8628 §6.1): what a person reads on a device and types at /device. Twenty consonants, so that no code
// spells a word. Eight of them are 34 bits.
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8
/** The highest multiple of 20 in a byte: a byte from there on would make some letters likelier. */
const FAIR = 240
const MAX_TYPED = 40

/** Eight letters. */
export function randomUserCode(): string {
  let code = ''
  while (code.length < LENGTH) {
    const [byte = FAIR] = crypto.getRandomValues(new Uint8Array(1))
    if (byte < FAIR) code += LETTERS[byte % LETTERS.length]
  }
  return code
}

/** What a person has typed, in any case and with any separators; undefined if it cannot be a code. */
export function parseUserCode(typed: string | undefined): string | undefined {
  if (typed === undefined || typed.length > MAX_TYPED) return undefined
  const code = typed.toUpperCase().replace(/[^A-Z]/g, '')
  return code.length === LENGTH && [...code].every((letter) => LETTERS.includes(letter)) ? code : undefined
}

/** As people read it: `WDJB-MJHT`. */
export function formatUserCode(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`
}

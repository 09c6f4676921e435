// What a WWW-Authenticate header says (RFC 9110 §11.6.1): challenges of any schemes, in one line or several.

export interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** By name in lower case. If a name comes twice, the first counts. */
  readonly parameters: ReadonlyMap<string, string>
}

// RFC 9110 §5.6.2, §5.6.4, §11.2. Spaces around `=` are bad, and to be read.
const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const PARAMETER = new RegExp(
  `(${TOKEN})[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")(?=[ \\t]*(?:,|$))`,
  'y',
)
const SCHEME = new RegExp(`(${TOKEN})(?=[ \\t]|,|$)`, 'y')
const TOKEN68 = /[ \t]+[\w.~+/-]+=*(?=[ \t]*(?:,|$))/y
const BETWEEN = /[ \t,]*/y

/** @param header all lines, joined by commas. Stops at the first text that is no challenge. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const found = pattern.exec(header)
    at += found?.[0].length ?? 0
    return found
  }
  for (;;) {
    take(BETWEEN)
    const current = challenges.at(-1)
    const parameter = current && take(PARAMETER)
    if (parameter) {
      const [, name = '', token, quoted = ''] = parameter
      const key = name.toLowerCase()
      if (!current.parameters.has(key)) current.parameters.set(key, token ?? quoted.replace(/\\(.)/g, '$1'))
      continue
    }
    const scheme = take(SCHEME)?.[1]
    if (scheme === undefined) return challenges
    challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() })
    take(TOKEN68)
  }
}

/** The parameters of the Bearer challenge, if there is one. */
export function bearerChallenge(header: string): Challenge['parameters'] | undefined {
  return parseChallenges(header).find(({ scheme }) => scheme === 'bearer')?.parameters
}

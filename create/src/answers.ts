// The answers of the user: from options, and at a terminal from questions.
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { isWorkerName, LOGINS, type Login } from './changes.ts'

export const USAGE = `Usage: npm create gatehouse@latest [<name>] [-- options]

Starts a new MCP server with its own OAuth authorization server, in the folder <name>.

  --login <methods>   who can sign in: ${LOGINS.join(', ')}, or several with commas (passphrase)
  --no-samples        without the notes, which are a sample
  --no-git            without a git repository
  --no-install        without npm install
  --yes               ask nothing: take the defaults for what no option says`

export interface Answers {
  readonly name: string
  readonly logins: readonly Login[]
  readonly samples: boolean
  readonly git: boolean
  readonly install: boolean
}

/** The arguments are wrong. The message says which, and what is right. */
export class Refused extends Error {}

/** Undefined when the user asks for help. @throws Refused */
export async function readAnswers(
  args: readonly string[],
  isTerminal: boolean,
): Promise<Answers | undefined> {
  const { values, positionals } = parsed(args)
  if (values.help) return undefined
  const asks = isTerminal && !values.yes
  const terminal = asks ? createInterface({ input: process.stdin, output: process.stdout }) : undefined
  const ask = async (question: string, otherwise: string) =>
    (await terminal?.question(`${question} (${otherwise}) `))?.trim() || otherwise
  try {
    const name = checkedName(positionals[0] ?? (await ask('Name', 'my-server')))
    const logins = checkedLogins(
      values.login ?? (await ask(`Login methods: ${LOGINS.join(', ')}`, 'passphrase')),
    )
    const samples = values['no-samples']
      ? false
      : /^y/i.test(await ask('Keep the sample, a tool for notes?', 'yes'))
    const git = values['no-git'] ? false : /^y/i.test(await ask('Make a git repository?', 'yes'))
    return { name, logins, samples, git, install: !values['no-install'] }
  } finally {
    terminal?.close()
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        login: { type: 'string' },
        'no-samples': { type: 'boolean' },
        'no-git': { type: 'boolean' },
        'no-install': { type: 'boolean' },
        yes: { type: 'boolean', short: 'y' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Refused((error as Error).message)
  }
}

function checkedName(name: string): string {
  if (isWorkerName(name)) return name
  throw new Refused(
    `"${name}" is no name for a Worker. Use lower-case letters, digits and dashes; begin with a letter.`,
  )
}

function checkedLogins(text: string): Login[] {
  const asked = text.split(',').map((word) => word.trim())
  const unknown = asked.find((word) => !(LOGINS as readonly string[]).includes(word))
  if (unknown !== undefined)
    throw new Refused(`There is no login method "${unknown}". Use: ${LOGINS.join(', ')}.`)
  // The passphrase is the owner's way in, so it always stays.
  return LOGINS.filter((login) => login === 'passphrase' || asked.includes(login))
}

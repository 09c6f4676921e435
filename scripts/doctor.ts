// `npm run doctor <url>`: checks any MCP server as its clients see it, and says what would keep them from connecting.
// Exit code 1 means that a check failed, or that a client could not be played to the end.
import { existsSync } from 'node:fs'
import { CHECKS, newPatient } from './doctor/checks.ts'
import { type Client, describeSource } from './doctor/client.ts'
import { CLIENTS } from './doctor/clients.ts'
import { DIRECTORY, newApplicant, withdraw } from './doctor/directory.ts'
import { examine } from './doctor/examine.ts'
import { inBrowser } from './doctor/in-browser.ts'
import { leave } from './doctor/leaving.ts'
import { isLoopback } from './doctor/loopback.ts'
import { owner } from './doctor/owner.ts'
import { newPlay, type Person, stepsOf } from './doctor/play.ts'
import { report } from './doctor/report.ts'
import { freePort } from './free-port.ts'
import { readOptions, refuse } from './options.ts'
import { useProxy } from './proxy.ts'
import { devVar } from './setup.ts'

const USAGE = `Usage: npm run doctor <url> [-- options]

Checks an MCP server from outside, as its clients see it, and says what would keep them from connecting.

  <url>           the MCP address, such as https://mcp.example.com/mcp (without a path: /mcp)
  --no-register   skip dynamic client registration, which leaves an unused client behind
  --as <client>   send what this client sends, in its order, up to where a person is needed:
                  ${[...CLIENTS.keys()].join(', ')}
  --sign-in       ...and go on, on a server of your own: sign in, call a tool, refresh, and revoke it all again. On this
                  computer it signs in with OWNER_PASSPHRASE of .dev.vars; otherwise it prints an address for your browser
  --directory     sign in, and check what the directories of Anthropic and OpenAI and the MCP registry ask for`

const { values, positionals } = readOptions(
  USAGE,
  {
    'no-register': { type: 'boolean', default: false },
    as: { type: 'string' },
    'sign-in': { type: 'boolean', default: false },
    directory: { type: 'boolean', default: false },
  },
  { positionals: true },
)
const [address] = positionals
if (address === undefined) refuse('Type the address of an MCP server.', USAGE)
if (!URL.canParse(address)) refuse(`${address} is no address.`, USAGE)
if (values['sign-in'] && values.as === undefined)
  refuse('--sign-in takes a client: --as codex --sign-in.', USAGE)
if (values.directory && values.as !== undefined) refuse('Take --as or --directory, not both.', USAGE)
if (values['no-register'] && values.as !== undefined)
  refuse('--no-register is for the checks without --as: a client has to be known.', USAGE)
const client = values.as === undefined ? undefined : CLIENTS.get(values.as)
if (values.as !== undefined && !client) refuse(`There is no client "${values.as}".`, USAGE)

const target = new URL(address)
if (target.pathname === '/') target.pathname = '/mcp'
useProxy()
process.exitCode = (await (client ? playAs(client) : values.directory ? examineListing() : examineAll()))
  ? 0
  : 1

async function examineAll(): Promise<boolean> {
  console.log(`Looking at ${target.href}\n`)
  const checks = CHECKS.filter(({ registers }) => !(values['no-register'] && registers))
  const { failures, rules } = await report(examine(newPatient(target), checks))
  console.log(
    failures === 0 ? '\nAll well. Clients can connect.' : `\n${failures} of ${rules} need attention.`,
  )
  return failures === 0
}

async function examineListing(): Promise<boolean> {
  console.log(`Looking at ${target.href} as Anthropic, OpenAI and the MCP registry do\n`)
  const applicant = newApplicant(target, person())
  const { failures, rules } = await report(examine(applicant, DIRECTORY))
  if (!(await withdraw(applicant)))
    console.log('! It leaves behind what you allowed it: revoke it on your account page.')
  console.log(
    failures === 0 ? '\nAll well. Directories can list it.' : `\n${failures} of ${rules} need attention.`,
  )
  return failures === 0
}

async function playAs(client: Client): Promise<boolean> {
  console.log(`Playing ${client.name} at ${target.href}`)
  console.log(`Its requests come from ${describeSource(client)}.`)
  const play = newPlay(client, target, await freePort(), values['sign-in'] ? person() : undefined)
  console.log('')
  const { failures, rules, stopped } = await report(examine(play, stepsOf(play)))
  for (const left of await leave(play)) console.log(`! It leaves behind ${left}.`)
  if (failures > 0) console.log(`\n${failures} of ${rules} need attention.`)
  else if (stopped) console.log(`\n${client.name} could not be played to the end.`)
  else if (play.person) console.log(`\nAll well. ${client.name} connects, calls and refreshes.`)
  else {
    console.log(`
All well so far. ${client.name} now opens the sign-in in a browser, and a person allows it.
Is the server your own? Go on with --sign-in.`)
  }
  return failures === 0 && !stopped
}

/** Who signs in: the doctor itself, where it finds the passphrase of a local server. */
function person(): Person {
  const passphrase = isLoopback(target) && existsSync('.dev.vars') ? devVar('OWNER_PASSPHRASE') : undefined
  if (passphrase === undefined) return inBrowser
  console.log(
    'It signs in as the owner, with OWNER_PASSPHRASE of .dev.vars, and revokes at its end what it was given.',
  )
  return owner(target.origin, passphrase, { otherwise: inBrowser })
}

// `npm run call`: calls a tool of a server from the terminal, with the same sign-in as any app.
import { existsSync } from 'node:fs'
import type { Client } from '@modelcontextprotocol/client'
import { Connection } from './calling/connection.ts'
import { KeptFile } from './calling/kept.ts'
import { printContents, printOffers, printPrompt } from './calling/print.ts'
import { signOut } from './calling/sign-out.ts'
import { done, run, Stopped, warn } from './deployment/terminal.ts'
import { inBrowser } from './doctor/in-browser.ts'
import { isLoopback } from './doctor/loopback.ts'
import { owner } from './doctor/owner.ts'
import { readOptions, refuse } from './options.ts'
import { printableJson } from './printable.ts'
import { useProxy } from './proxy.ts'
import { devVar } from './setup.ts'

const USAGE = `Usage: npm run call [<tool> ['<input as JSON>']] [-- options]

Calls a tool of your server, with the same sign-in as any app. Without a tool it lists what the server offers.

  npm run call                                          list tools, resources and prompts
  npm run call add_note '{"text":"Milk"}'               call a tool
  npm run call -- --read note://1                       read a resource
  npm run call -- --get summarize_notes '{"about":"x"}' get a prompt

  --url <url>   the server, such as https://mcp.example.com; without it the local one, http://localhost:8787
  --browser     sign in with a browser, also on this computer
  --json        print the whole result as JSON
  --sign-out    revoke what the server gave this command, and forget it

The first call signs in. A server on this computer whose passphrase is in .dev.vars needs no browser for it; for others
the command prints an address to open. It keeps its tokens in your configuration folder, readable by you alone. A tool
that needs a further scope asks once more.`

const HOW_TO_TYPE = `Put names and texts in double quotes, and all of it in single quotes:
  npm run call add_note '{"text":"Milk"}'`

const { values, positionals } = readOptions(
  USAGE,
  {
    url: { type: 'string', default: 'http://localhost:8787' },
    read: { type: 'string' },
    get: { type: 'string' },
    browser: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'sign-out': { type: 'boolean', default: false },
  },
  { positionals: true },
)
if (!URL.canParse(values.url)) refuse(`${values.url} is no address.`, USAGE)
if (values.read !== undefined && values.get !== undefined) refuse('Take --read or --get, not both.', USAGE)
const server = new URL(values.url)
if (server.pathname === '/') server.pathname = '/mcp'
if (server.protocol !== 'https:' && !isLoopback(server))
  refuse('Tokens go over https only, or to this computer.', USAGE)
const words = [...positionals]
const name = values.get ?? (values.read === undefined ? words.shift() : undefined)
const input = inputOf(words)

useProxy()
// The SDK says this in words for those who write clients.
const warnOfSdk = console.warn
console.warn = (...words: unknown[]) => {
  if (/^\[mcp-sdk\] OAuth "\w+" — invalidating/.test(String(words[0])))
    console.error('! The server no longer knows the last sign-in of this command. It signs in again.')
  else warnOfSdk(...words)
}
await run(values['sign-out'] ? forget : call)

async function call(): Promise<void> {
  if (!(await answers())) {
    throw new Stopped(`No server answers at ${server.origin}.${howToStart()}`)
  }
  const connection = await Connection.open(server, new KeptFile(server), person())
  try {
    await connection.ask(perform)
  } finally {
    await connection.close()
  }
}

function howToStart(): string {
  if (!isLoopback(server)) return ''
  return ` Start it: npm run dev${server.port === '8787' ? '' : ` -- --port ${server.port || '80'}`}`
}

async function perform(client: Client): Promise<void> {
  if (values.read !== undefined) {
    const result = await client.readResource({ uri: values.read })
    return values.json ? printJson(result) : printContents(result.contents)
  }
  if (values.get !== undefined) {
    const result = await client.getPrompt({ name: values.get, arguments: input as Record<string, string> })
    return values.json ? printJson(result) : printPrompt(result)
  }
  if (name === undefined) {
    const offers = await offersOf(client)
    return values.json ? printJson(offers) : printOffers(offers)
  }
  const result = await client.callTool({ name, arguments: input })
  if (result.isError) process.exitCode = 1
  if (values.json) printJson(result)
  else printContents(result.content ?? [])
}

async function offersOf(client: Client) {
  const { resources, prompts } = client.getServerCapabilities() ?? {}
  return {
    tools: (await client.listTools()).tools,
    resources: resources ? (await client.listResources()).resources : [],
    resourceTemplates: resources ? (await client.listResourceTemplates()).resourceTemplates : [],
    prompts: prompts ? (await client.listPrompts()).prompts : [],
  }
}

async function forget(): Promise<void> {
  if (await signOut(new KeptFile(server))) done(`Signed out of ${server.origin}`)
  else warn(`The tokens are deleted here. Revoke "npm run call" on ${server.origin}/account, too.`)
}

/** Who signs in: this command itself, where it finds the passphrase of a local server. */
function person() {
  const isHere = isLoopback(server) && existsSync('.dev.vars') && !values.browser
  const passphrase = isHere ? devVar('OWNER_PASSPHRASE') : undefined
  return passphrase === undefined ? inBrowser : owner(server.origin, passphrase)
}

function inputOf([text = '{}', ...others]: readonly string[]): Record<string, unknown> {
  if (others.length > 0) refuse(`The input ends before "${others[0]}".`, HOW_TO_TYPE)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // It is said below.
  }
  return refuse(`The input is no JSON object: ${text}`, HOW_TO_TYPE)
}

function answers(): Promise<boolean> {
  return fetch(server.origin, { method: 'HEAD' }).then(
    () => true,
    () => false,
  )
}

function printJson(value: object): void {
  console.log(printableJson(value))
}

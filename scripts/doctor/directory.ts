// `npm run doctor <url> -- --directory`: what the directories of Anthropic and OpenAI and the MCP registry ask of a server
// that they list. Each rule begins with those who ask for it. docs/directories.md
import type { Client, Implementation, Tool } from '@modelcontextprotocol/client'
import { Connection } from '../calling/connection.ts'
import { InMemory } from '../calling/kept.ts'
import { signOut } from '../calling/sign-out.ts'
import { type Check, NotChecked } from './examine.ts'
import { isLoopback } from './loopback.ts'
import type { Person } from './play.ts'
import { type Answer, send } from './request.ts'
import { metadataUrls, resourceMetadataPath } from './well-known.ts'

type Json = Record<string, unknown>

/** The server that applies, and what is known of it by now. */
export interface Applicant {
  readonly mcp: URL
  readonly person: Person
  readonly keeper: InMemory
  connection: Connection | undefined
  info: Partial<Implementation>
  tools: readonly Tool[]
  resourceMetadata: Json
  serverMetadata: Json
}

type Rule = Check<Applicant>

const HINTS = ['readOnlyHint', 'destructiveHint', 'openWorldHint'] as const
const MAX_NAME = 64
const MAX_TEXT = 100

export function newApplicant(mcp: URL, person: Person): Applicant {
  const unknown = { connection: undefined, info: {}, tools: [], resourceMetadata: {}, serverMetadata: {} }
  return { mcp, person, keeper: new InMemory(), ...unknown }
}

/** Takes back what it was given. @returns whether nothing is left */
export async function withdraw({ connection, keeper }: Applicant): Promise<boolean> {
  await connection?.close().catch(() => undefined)
  return signOut(keeper)
}

export const DIRECTORY: readonly Rule[] = [
  {
    rule: 'All: it is public, over https',
    fix: 'Deploy it: npm run deploy. No directory reaches a server on your computer.',
    look: async ({ mcp }) => {
      if (mcp.protocol !== 'https:' || isLoopback(mcp)) throw new Error(`The address is ${mcp.origin}.`)
    },
  },
  {
    rule: 'Anthropic, OpenAI: an app gets a client id by metadata document or registration',
    fix: 'Set REGISTRATION = "open", or CLIENT_DOCUMENT_HOSTS = "*" in wrangler.toml.',
    look: async (applicant) => {
      const { mcp } = applicant
      applicant.resourceMetadata = await json(new URL(resourceMetadataPath(mcp), mcp))
      const [issuer = mcp.origin] = applicant.resourceMetadata.authorization_servers as string[]
      applicant.serverMetadata = await firstOf(metadataUrls(new URL(issuer)))
      const { client_id_metadata_document_supported: documents, registration_endpoint: registration } =
        applicant.serverMetadata
      if (documents !== true && registration === undefined) throw new Error('It offers neither.')
    },
  },
  {
    rule: 'All: a user signs in with OAuth, over Streamable HTTP',
    fix: 'npm run doctor <url> names what keeps a client from it.',
    vital: true,
    look: async (applicant) => {
      const { mcp, keeper, person } = applicant
      applicant.connection = await Connection.open(mcp, keeper, person)
      const { tools } = await ask(applicant, (client) => client.listTools())
      applicant.info = (await ask(applicant, async (client) => client.getServerVersion())) ?? {}
      applicant.tools = tools
      return `${tools.length} tools.`
    },
  },
  {
    rule: `Anthropic: each tool has a title, and a name of at most ${MAX_NAME} letters, digits, _ and -`,
    fix: 'Shorten the name, or add the title, in defineTool.',
    look: async ({ tools }) => {
      requireNone(tools, ({ name }) => !/^[\w-]+$/.test(name) || name.length > MAX_NAME, 'have other names')
      requireNone(tools, ({ title, annotations }) => !(title ?? annotations?.title), 'have no title')
    },
  },
  {
    rule: 'Anthropic, OpenAI: each tool and each of its fields has a description',
    fix: 'Say in description what the tool does and when to use it, and describe() each field of input.',
    look: async ({ tools }) => {
      requireNone(tools, ({ description }) => !description, 'have no description')
      const vague = tools.filter(({ inputSchema: { properties = {} } }) =>
        Object.values(properties).some((field) => !(field as Json).description),
      )
      if (vague.length > 0)
        return `These have a field without one: ${vague.map(({ name }) => name).join(', ')}.`
    },
  },
  {
    rule: `OpenAI: each tool says ${HINTS.join(', ')}, true or false`,
    fix: 'Add all three to annotations in defineTool.',
    look: async ({ tools }) =>
      requireNone(
        tools,
        ({ annotations }) => HINTS.some((hint) => typeof annotations?.[hint] !== 'boolean'),
        'leave one out',
      ),
  },
  {
    rule: 'Anthropic: a tool reads or writes, not both',
    fix: 'Split the tool, or correct its hints: what only reads destroys nothing.',
    look: async ({ tools }) =>
      requireNone(
        tools,
        ({ annotations }) => Boolean(annotations?.readOnlyHint && annotations.destructiveHint),
        'say that they only read, and that they destroy',
      ),
  },
  {
    rule: 'OpenAI: /.well-known/openai-apps-challenge proves the domain',
    fix: 'Put the token that OpenAI shows at submission into OPENAI_APPS_CHALLENGE in wrangler.toml, and deploy.',
    look: async ({ mcp }) => {
      const answer = await text(new URL('/.well-known/openai-apps-challenge', mcp))
      if (/\s/.test(answer.text)) throw new Error('There is white space around the token.')
    },
  },
  {
    rule: 'Registry: /.well-known/mcp-registry-auth proves the domain',
    fix: 'Put the public key of your account there into MCP_REGISTRY_AUTH in wrangler.toml, and deploy.',
    look: async ({ mcp }) => {
      const url = new URL('/.well-known/mcp-registry-auth', mcp)
      if ((await send(url)).status === 404)
        throw new NotChecked(
          'It is 404. You may prove the domain in its DNS instead, or sign in with GitHub.',
        )
      const answer = await text(url)
      if (!/^v=MCPv1; k=[a-z\d]+; p=[A-Za-z\d+/]+=*\s*$/.test(answer.text))
        throw new Error(`It says "${answer.text}" instead of "v=MCPv1; k=ed25519; p=…".`)
    },
  },
  {
    rule: `Registry: title and description have at most ${MAX_TEXT} characters`,
    fix: 'Set both in SERVER in src/config.ts. Then: npm run publish:registry -- --dry-run',
    look: async ({ info }) => {
      for (const field of ['title', 'description'] as const) {
        const { length } = info[field] ?? ''
        if (length === 0) throw new Error(`There is no ${field}.`)
        if (length > MAX_TEXT) throw new Error(`The ${field} has ${length} characters.`)
      }
    },
  },
  pageOf('Anthropic, OpenAI: the metadata links to a privacy policy', 'privacy', [
    'resource_policy_uri',
    'op_policy_uri',
  ]),
  pageOf('OpenAI: the metadata links to terms of service', 'terms', ['resource_tos_uri', 'op_tos_uri']),
  {
    rule: 'Anthropic, OpenAI: the home page names a contact for support',
    fix: 'Set support in SERVER in src/config.ts: a page, or mailto:help@example.com.',
    look: async ({ mcp }) => {
      const home = await text(new URL('/', mcp), 'text/html')
      if (
        !/<a\b[^>]*>[^<]*\b(support|contact|help)\b/i.test(home.text) &&
        !home.text.includes('href="mailto:')
      )
        throw new Error(`${mcp.origin}/ has no link to support.`)
    },
  },
  {
    rule: 'All: it has a logo',
    fix: 'Set icons in SERVER in src/config.ts. Without them the logo of src/theme.ts is the icon.',
    look: async ({ info }) => {
      const [icon] = info.icons ?? []
      if (!icon) throw new Error('It names no icon.')
      if (!icon.src.startsWith('data:')) await image(new URL(icon.src))
    },
  },
  {
    rule: 'Anthropic: the icon of the domain is at /favicon.ico',
    fix: 'Serve an image there. A server below a subdomain needs one at the domain itself, too.',
    look: async ({ mcp }) => {
      await image(new URL('/favicon.ico', mcp))
    },
  },
  {
    rule: 'Anthropic, OpenAI: a reviewer signs in with a password, and without a second factor',
    fix: 'Add `reviewer` to src/login.ts, then: npm run reviewer -- --remote --data <file>',
    look: async ({ serverMetadata }) => {
      const page = await loginPage(serverMetadata)
      if (!/type="password"/.test(page.text)) throw new Error('The sign-in page takes no password.')
      const ownersOnly = page.text.includes('"/login/passphrase"') && !page.text.includes('"/login/reviewer"')
      if (ownersOnly) throw new Error('The sign-in page takes only your own passphrase.')
      return 'Fill the account with sample data, and give its password at submission.'
    },
  },
  {
    rule: 'Anthropic, OpenAI: each view says what it loads, and from which domain it runs',
    fix: 'Set csp and domain of the view (ui.csp and ui.domain in _meta).',
    look: async (applicant) => {
      const views = applicant.tools.flatMap(viewOf)
      if (views.length === 0) throw new NotChecked('It has no views.')
      for (const uri of new Set(views)) {
        const { contents } = await ask(applicant, (client) => client.readResource({ uri }))
        const ui = (contents[0]?._meta?.ui ?? {}) as Json
        const missing = ['csp', 'domain'].filter((field) => ui[field] === undefined)
        if (missing.length > 0) throw new Error(`${uri} has no ${missing.join(' and no ')}.`)
      }
    },
  },
]

/** @param field of SERVER in src/config.ts */
function pageOf(rule: string, field: string, names: readonly string[]): Rule {
  return {
    rule,
    fix: `Set ${field} in SERVER in src/config.ts, to a page that answers.`,
    look: async ({ resourceMetadata, serverMetadata }) => {
      const [uri] = names.flatMap((name) => resourceMetadata[name] ?? serverMetadata[name] ?? [])
      if (typeof uri !== 'string' || !URL.canParse(uri))
        throw new Error(`There is no ${names.join(' and no ')}.`)
      const { status } = await send(new URL(uri), { headers: { accept: 'text/html' } })
      if (status >= 400) throw new Error(`${uri} answers ${status}.`)
    },
  }
}

function requireNone(tools: readonly Tool[], isWrong: (tool: Tool) => boolean, what: string): void {
  const wrong = tools.filter(isWrong).map(({ name }) => name)
  if (wrong.length > 0) throw new Error(`These ${what}: ${wrong.join(', ')}.`)
}

function viewOf({ _meta = {} }: Tool): string[] {
  const { resourceUri } = (_meta.ui ?? {}) as { resourceUri?: unknown }
  return typeof resourceUri === 'string' ? [resourceUri] : []
}

function ask<Result>(
  { connection }: Applicant,
  request: (client: Client) => Promise<Result>,
): Promise<Result> {
  if (!connection) throw new NotChecked('It is not signed in.')
  return connection.ask(request)
}

/** @throws Error if it is not 200, and of this type */
async function text(url: URL, type = 'text/plain'): Promise<Answer> {
  const answer = await send(url, { headers: { accept: type } })
  const found = answer.headers.get('Content-Type') ?? ''
  if (answer.status !== 200) throw new Error(`${url.pathname} answers ${answer.status}.`)
  if (!found.startsWith(type)) throw new Error(`${url.pathname} is ${found} instead of ${type}.`)
  return answer
}

async function image(url: URL): Promise<void> {
  const { status, headers } = await send(url)
  const type = headers.get('Content-Type') ?? ''
  if (status !== 200 || !type.startsWith('image/'))
    throw new Error(`${url.href} answers ${status}, ${type || 'without a type'}.`)
}

async function json(url: URL): Promise<Json> {
  return JSON.parse((await text(url, 'application/json')).text)
}

async function firstOf(urls: readonly URL[]): Promise<Json> {
  const found = await Promise.allSettled(urls.map(json))
  const first = found.find((one) => one.status === 'fulfilled')
  if (!first) throw new Error('There is no authorization server metadata.')
  return first.value
}

/** The page at which a user signs in: that of this project, or where another authorization server begins. */
async function loginPage({ authorization_endpoint: endpoint }: Json): Promise<Answer> {
  const login = new URL('/login', String(endpoint))
  const answer = await send(login, { headers: { accept: 'text/html' } })
  if (answer.status !== 200) throw new NotChecked(`There is no sign-in page at ${login.href}.`)
  return answer
}

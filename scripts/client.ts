// `npm run client`: the clients that the owner registers: machines, CI jobs and agents without a user, and apps for users
// where no app may register itself. It asks no question, so that scripts can use it.
import { readFileSync } from 'node:fs'
import { LIFETIME, SCOPES } from '#config'
import { sha256 } from '#engine/crypto/digest.ts'
import { randomSecret } from '#engine/crypto/secrets.ts'
import { type ClientMetadata, JWT_BEARER_GRANT } from '#engine/oauth/clients/metadata.ts'
import { type OwnedClient, ownedKey, revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { publicKeys } from '#engine/oauth/clients/public-keys.ts'
import { readAppRedirectUris } from '#engine/settings/app-redirect-uris.ts'
import { useAccount } from './deployment/cloudflare.ts'
import { readTarget } from './deployment/configuration.ts'
import { asTable, importClients } from './import/command.ts'
import { readOptions, refuse } from './options.ts'
import { appMetadata, entryOf, happened, newOwnedId } from './owned-app.ts'
import { printable, printableJson } from './printable.ts'
import { useProxy } from './proxy.ts'
import { Records } from './records.ts'

const USAGE = `Usage: npm run client -- <command> [options]

Registers clients that act for themselves, such as machines and CI jobs, and apps that people sign in with.

  add --name <name> --scope "<scopes>"   register a client that acts for itself, and show its secret
      --jwks <file> | --jwks-uri <url>   ...that signs with its own key instead
      --introspection                    ...that may introspect any access token: a resource server elsewhere
      --enterprise                       ...that acts for people, by assertions of their identity provider
  add --name <name> --redirect-uri <uri> register an app for people, who approve it and its scopes; repeat it for several
      --secret                           ...that has a secret, which is shown
      --jwks <file> | --jwks-uri <url>   ...that signs with its own key
  import --from <id or file>             show the clients of a server with workers-oauth-provider: the id of its KV
                                         namespace OAUTH_KV, or a file that \`wrangler kv bulk get\` wrote
      <old id>... | --all                ...and register these, or all that did not register themselves; a secret stays
  list                                   list the registered clients
  show <id>                              show one client
  rotate-secret <id>                     give it a new secret; the server refuses the old one within 60 s
  remove <id>                            remove it; the server refuses its tokens within 2 minutes

  --remote             use the deployed server, not the local one
  --worker <name>      ...that you deployed under this name, not the one in wrangler.toml
  --json               print JSON and nothing else
  --persist-to <dir>   where the local server keeps its data, if not in .wrangler/state

Scopes: ${Object.keys(SCOPES).join(' ') || 'none'}`

const { values, positionals } = readOptions(
  USAGE,
  {
    name: { type: 'string' },
    scope: { type: 'string' },
    jwks: { type: 'string' },
    'jwks-uri': { type: 'string' },
    'redirect-uri': { type: 'string', multiple: true, default: [] },
    secret: { type: 'boolean', default: false },
    enterprise: { type: 'boolean', default: false },
    introspection: { type: 'boolean', default: false },
    from: { type: 'string' },
    all: { type: 'boolean', default: false },
    worker: { type: 'string' },
    remote: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'persist-to': { type: 'string' },
  },
  { positionals: true },
)

/** The command cannot do what the arguments ask for. The message says why. */
class Refused extends Error {}

const COMMANDS: Readonly<Record<string, (records: Records, id: string | undefined) => Promise<void>>> = {
  add,
  import: importFrom,
  list,
  show: async (records, id) => print(described(await require(records, id))),
  'rotate-secret': rotateSecret,
  remove,
}

const [command = '', id] = positionals
const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
if (!run) refuse(command === '' ? 'Type a command.' : `There is no command ${command}.`, USAGE)
useProxy()
const records = new Records({ remote: values.remote, worker: values.worker, persistTo: values['persist-to'] })
try {
  await run(records, id)
} catch (error) {
  if (!(error instanceof Error)) throw error
  console.error(error.message)
  process.exitCode = 1
} finally {
  await records.close().catch(() => undefined)
}

async function add(records: Records): Promise<void> {
  const name = values.name?.trim()
  if (!name) throw new Refused('Give the client a name: --name "Nightly build".')
  const isForPeople = values['redirect-uri'].length > 0
  const method = authMethod(isForPeople)
  const secret = method === 'client_secret_basic' ? randomSecret() : undefined
  const client: OwnedClient = {
    id: newOwnedId(),
    metadata: isForPeople ? metadataForPeople(name, method) : machineMetadata(name, method),
    ...(secret !== undefined && { secretHash: await sha256(secret) }),
    ...(!isForPeople && { scopes: scopes() }),
    ...(values.introspection && { introspects: true }),
    issuedAt: Math.floor(Date.now() / 1000),
  }
  await records.write(entryOf(client), happened('client.registered', client))
  print({ ...described(client), ...(secret !== undefined && { client_secret: secret }) })
  if (secret !== undefined) say('\nThe secret is shown this once. Only its hash is kept.')
}

function authMethod(isForPeople: boolean): ClientMetadata['token_endpoint_auth_method'] {
  const hasKeys = values.jwks !== undefined || values['jwks-uri'] !== undefined
  if (hasKeys && values.secret)
    throw new Refused('A client has a secret or a key: leave out --secret or the keys.')
  if (hasKeys) return 'private_key_jwt'
  // RFC 8252 §8.5: what is installed on people's computers keeps no secret.
  return isForPeople && !values.secret ? 'none' : 'client_secret_basic'
}

function machineMetadata(
  client_name: string,
  token_endpoint_auth_method: ClientMetadata['token_endpoint_auth_method'],
): ClientMetadata {
  return {
    client_name,
    redirect_uris: [],
    grant_types: [values.enterprise ? JWT_BEARER_GRANT : 'client_credentials'],
    response_types: [],
    token_endpoint_auth_method,
    ...(token_endpoint_auth_method === 'private_key_jwt' && keys()),
  }
}

function metadataForPeople(
  client_name: string,
  token_endpoint_auth_method: ClientMetadata['token_endpoint_auth_method'],
): ClientMetadata {
  const wrong = ['scope', 'enterprise', 'introspection'] as const
  const given = wrong.find((name) => values[name] !== undefined && values[name] !== false)
  if (given !== undefined) {
    throw new Refused(
      `--${given} is for clients that act for themselves. People decide what this app may do.`,
    )
  }
  return appMetadata(
    {
      client_name,
      redirect_uris: values['redirect-uri'],
      token_endpoint_auth_method,
      ...(token_endpoint_auth_method === 'private_key_jwt' && keys()),
    },
    knownAppRedirects(),
  )
}

function knownAppRedirects(): readonly string[] {
  return readAppRedirectUris(readTarget(values.worker).configuration.vars as unknown as Env)
}

async function importFrom(records: Records): Promise<void> {
  if (values.from === undefined)
    throw new Refused('Say where the clients are: --from <id of the KV namespace, or a file>.')
  const named = positionals.slice(1)
  if (values.all && named.length > 0) throw new Refused('Name old ids or type --all, not both.')
  const { accountId } = readTarget(values.worker)
  if (accountId !== undefined) useAccount(accountId)
  const choice = { from: values.from, named, all: values.all, ofApps: knownAppRedirects() }
  const rows = await importClients(records, choice)
  if (named.length > 0 && rows.some(({ outcome }) => outcome === 'left_out')) process.exitCode = 1
  if (values.json) return print(rows)
  if (rows.length === 0) return say('There are no clients in it.')
  say(asTable(rows))
  if (!values.all && named.length === 0)
    say('\nNone is registered yet. Add the old ids of those that you know, or --all.')
}

async function list(records: Records): Promise<void> {
  const found = await records.readAll<OwnedClient>(await records.names(ownedKey('owned_')))
  if (values.json) return print(found.map(described))
  if (found.length === 0) return say('No client is registered. Add one: npm run client -- add --name …')
  for (const { id, metadata, scopes } of found) {
    say(
      `${id}  ${metadata.client_name}  (${scopes?.join(' ') ?? `for people, at ${metadata.redirect_uris.join(' ')}`})`,
    )
  }
}

async function rotateSecret(records: Records, id: string | undefined): Promise<void> {
  const client = await require(records, id)
  if (client.secretHash === undefined)
    throw new Refused('This client has no secret: it has a key, or is public.')
  const secret = randomSecret()
  const renewed = { ...client, secretHash: await sha256(secret) }
  await records.write(entryOf(renewed), happened('client.updated', client))
  print({ ...described(client), client_secret: secret })
  say('\nThe secret is shown this once. The old one is refused within a minute.')
}

// The mark first: it ends every token of the client, also one that it fetches meanwhile. If the second step fails, the
// record remains, and the owner can run the command again.
async function remove(records: Records, id: string | undefined): Promise<void> {
  const client = await require(records, id)
  const mark = {
    key: revokedClientKey(client.id),
    value: 'removed',
    expiration_ttl: LIFETIME.accessToken + 300,
  }
  await records.write(mark, happened('client.removed', client))
  await records.remove(ownedKey(client.id))
  print({ client_id: client.id, removed: true })
  say('\nThe server refuses its tokens within 2 minutes, and what people gave it.')
}

async function require(records: Records, id: string | undefined): Promise<OwnedClient> {
  const client = id === undefined ? undefined : await records.read<OwnedClient>(ownedKey(id))
  if (!client) throw new Refused(`There is no client ${id ?? ''}. \`npm run client -- list\` shows them.`)
  return client
}

function scopes(): string[] {
  const asked = (values.scope ?? '').split(/\s+/).filter(Boolean)
  const unknown = asked.find((scope) => !Object.hasOwn(SCOPES, scope))
  if (unknown !== undefined)
    throw new Refused(`There is no scope ${unknown}. Scopes: ${Object.keys(SCOPES).join(' ') || 'none'}`)
  if (asked.length > 0 || values.introspection) return asked
  const [first] = Object.keys(SCOPES)
  if (first === undefined)
    throw new Refused('A client needs a scope, and there is none: add one to src/config.ts.')
  throw new Refused(`Say what it may do: --scope "${first}".`)
}

function keys() {
  const { jwks: file, 'jwks-uri': jwks_uri } = values
  const jwks: unknown = file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'))
  return publicKeys({ ...(jwks !== undefined && { jwks }), ...(jwks_uri !== undefined && { jwks_uri }) })
}

/** A client's metadata, in the words of RFC 7591. */
function described({ id, metadata, scopes, issuedAt }: OwnedClient): Record<string, unknown> {
  const { client_name, grant_types, redirect_uris, token_endpoint_auth_method, jwks, jwks_uri } = metadata
  const proof = { ...(jwks && { jwks }), ...(jwks_uri && { jwks_uri }) }
  const scope = scopes?.join(' ')
  return {
    client_id: id,
    client_name,
    client_id_issued_at: issuedAt,
    grant_types,
    ...(redirect_uris.length > 0 && { redirect_uris }),
    token_endpoint_auth_method,
    ...(scope !== undefined && { scope }),
    ...proof,
  }
}

function print(value: object): void {
  const lines = Object.entries(value).map(
    ([name, one]) => `${name.padEnd(28)}${typeof one === 'object' ? JSON.stringify(one) : one}`,
  )
  console.log(values.json ? printableJson(value) : printable(lines.join('\n')))
}

/** For people only. */
function say(line: string): void {
  if (!values.json) console.log(printable(line))
}

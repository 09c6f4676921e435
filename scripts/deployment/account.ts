// The Cloudflare account of the deployment.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { WRANGLER, WRANGLER_ENVIRONMENT, WranglerError, wrangler } from '../wrangler.ts'
import { useAccount } from './cloudflare.ts'
import { begin, canAsk, done, Stopped } from './terminal.ts'

interface Who {
  readonly email?: string
  readonly accounts: readonly { readonly id: string; readonly name: string }[]
}

/** Makes sure that wrangler is signed in. At a terminal it asks the user to sign in. @throws Stopped */
export async function requireAccount(configuredId: string | undefined): Promise<void> {
  const who = (await whoami()) ?? (await signIn())
  // A CI sets an unknown variable to the empty string.
  const id = process.env.CLOUDFLARE_ACCOUNT_ID || configuredId
  const account = id === undefined ? who.accounts[0] : who.accounts.find((one) => one.id === id)
  if (id === undefined && who.accounts.length !== 1) throw new Stopped(whichAccount(who))
  useAccount(id ?? (account?.id as string))
  // A token may lack the right to list its accounts. The next call shows whether it works for this one.
  done(`Signed in to Cloudflare${who.email ? ` as ${who.email}` : ''}, account ${account?.name ?? id}`)
}

async function whoami(): Promise<Who | undefined> {
  try {
    return JSON.parse(await wrangler('whoami', '--json'))
  } catch (error) {
    if (error instanceof WranglerError && !isSignedOut(error)) throw error
    return undefined
  }
}

// wrangler has no number for "never signed in"; 10000 and 9109 are Cloudflare's for credentials that are not good.
function isSignedOut({ code, output }: WranglerError): boolean {
  return code === 10000 || code === 9109 || /"loggedIn": ?false/.test(output)
}

async function signIn(): Promise<Who> {
  if (!canAsk() || process.env.CLOUDFLARE_API_TOKEN) throw new Stopped(howToSignIn())
  begin('Signing in to Cloudflare: your browser opens, allow wrangler there')
  const child = spawn(process.execPath, [WRANGLER, 'login'], { stdio: 'inherit', env: WRANGLER_ENVIRONMENT })
  await once(child, 'close')
  const who = await whoami()
  if (!who) throw new Stopped('You are still not signed in to Cloudflare. Run this again to try once more.')
  return who
}

function howToSignIn(): string {
  if (process.env.CLOUDFLARE_API_TOKEN) {
    return 'Cloudflare does not accept the token in CLOUDFLARE_API_TOKEN. Make another from the template "Edit Cloudflare Workers" at https://dash.cloudflare.com/profile/api-tokens.'
  }
  return 'You are not signed in to Cloudflare. Run this at a terminal, or set CLOUDFLARE_API_TOKEN to a token made from the template "Edit Cloudflare Workers" at https://dash.cloudflare.com/profile/api-tokens.'
}

function whichAccount({ accounts }: Who): string {
  if (accounts.length === 0) return 'Your Cloudflare credentials are for no account.'
  const list = accounts.map(({ id, name }) => `    ${id}  ${name}`).join('\n')
  return `You have several Cloudflare accounts. Say which one with account_id = "…" at the top of wrangler.toml, or in CLOUDFLARE_ACCOUNT_ID:\n${list}`
}

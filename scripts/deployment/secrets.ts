// The secrets that a Worker lacks. What was made is kept in a file until the Worker has it, and the passphrase until it
// was shown, so that a deployment which was cut short is finished with the same values.
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SECRETS } from '../setup.ts'
import type { LiveWorker } from './live.ts'
import { askSecret, canAsk, Stopped, warn } from './terminal.ts'

const FOLDER = join('.wrangler', 'deployment')

export type Secrets = Readonly<Record<string, string>>

/** What an earlier run has made and not brought to its end. */
export function keptSecrets(worker: string): Secrets {
  const file = keptFile(worker)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/**
 * Removes what runs that were killed could not take away, and a file of kept secrets that cannot be read: what the
 * Worker lacks is made anew.
 */
export function clearRemains(worker: string): void {
  for (const file of uploadFiles(worker)) rmSync(file, { force: true })
  try {
    keptSecrets(worker)
  } catch {
    rmSync(keptFile(worker))
    warn(
      `${keptFile(worker)} was cut off or changed, and is removed. It held the secrets of a deployment that was cut short. Those that the Worker lacks are made anew. If it has a passphrase that you never saw, \`npm run passphrase\` makes another.`,
    )
  }
}

export function keepSecrets(worker: string, secrets: Secrets): void {
  write(keptFile(worker), secrets)
}

/**
 * Forgets those that the Worker has by now, so that one which is taken from it later is made anew; but for the
 * passphrase that it has from here, which is yet to be shown.
 */
export function forgetUploaded(
  worker: string,
  { secrets: uploaded, message }: Pick<LiveWorker, 'secrets' | 'message'>,
): void {
  const kept = Object.entries(keptSecrets(worker))
  const isToShow = (name: string, value: string) =>
    name === 'OWNER_PASSPHRASE' && message === messageOf({ OWNER_PASSPHRASE: value })
  keepSecrets(
    worker,
    Object.fromEntries(kept.filter(([name, value]) => !uploaded.has(name) || isToShow(name, value))),
  )
}

/** By which a version says whose passphrase it has: the values of secrets are shown to nobody. */
export function messageOf({ OWNER_PASSPHRASE: passphrase }: Secrets): string | undefined {
  if (passphrase === undefined) return undefined
  // Half of a hash of 140 random bits: enough to know it again, and nothing to guess from.
  const hash = createHash('sha256').update(`passphrase ${passphrase}`).digest('hex')
  return `npm run deploy, passphrase ${hash.slice(0, 32)}`
}

/** Also what a run that was killed could not take away. */
export function forgetSecrets(worker: string): void {
  for (const file of [keptFile(worker), ...uploadFiles(worker)]) rmSync(file, { force: true })
}

/** Hands these to wrangler in a file, since arguments of a program can be seen by others. */
export async function withSecretsFile<T>(
  worker: string,
  secrets: Secrets,
  use: (flags: readonly string[]) => Promise<T>,
): Promise<T> {
  if (Object.keys(secrets).length === 0) return use([])
  const file = uploadFile(worker)
  write(file, secrets)
  try {
    return await use(['--secrets-file', file])
  } finally {
    rmSync(file, { force: true })
  }
}

function keptFile(worker: string): string {
  return join(FOLDER, `${worker}.kept.json`)
}

// Of this process alone: another one may hand over others.
function uploadFile(worker: string): string {
  return join(FOLDER, `${worker}.${process.pid}.upload.json`)
}

function uploadFiles(worker: string): string[] {
  return globSync(join(FOLDER, `${worker}.*upload.json`))
}

// Whole or not at all: what is cut off holds secrets that nobody can read any more.
function write(file: string, secrets: Secrets): void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify(secrets), { mode: 0o600 })
  renameSync(draft, file)
}

/**
 * A value for each of these secrets: made, or for those that somebody else gave out (a client secret of GitHub) taken
 * from the environment or asked for. @throws Stopped
 */
export async function makeSecrets(names: readonly string[]): Promise<Secrets> {
  const made: Record<string, string> = {}
  for (const name of names) made[name] = (await SECRETS[name]?.()) ?? (await givenSecret(name))
  return made
}

async function givenSecret(name: string): Promise<string> {
  const value = process.env[name] || (canAsk() ? await askSecret(`  ${name}: `) : '')
  if (value) return value
  throw new Stopped(
    `wrangler.toml requires the secret ${name}, which the Worker does not have. Run this at a terminal to be asked for it, or with ${name} in the environment.`,
  )
}

// The secrets that a Worker lacks. A file keeps new ones until the Worker has them, and the passphrase until the owner
// has seen it. So an interrupted deployment continues with the same values.
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SECRETS } from '../setup.ts'
import type { LiveWorker } from './live.ts'
import { askSecret, canAsk, Stopped, warn } from './terminal.ts'

const FOLDER = join('.wrangler', 'deployment')

export type Secrets = Readonly<Record<string, string>>

/** The secrets that an interrupted run has created. */
export function keptSecrets(worker: string): Secrets {
  const file = keptFile(worker)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/**
 * Removes the files of killed runs, and an unreadable file of kept secrets: the next step creates again what the
 * Worker lacks.
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
 * Forgets those that the Worker has by now, so that a later run creates a removed one anew. Keeps the passphrase of
 * this run, which the owner has not seen yet.
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

/** A version carries this mark of its passphrase, because Cloudflare never returns the value of a secret. */
export function messageOf({ OWNER_PASSPHRASE: passphrase }: Secrets): string | undefined {
  if (passphrase === undefined) return undefined
  // Half of a hash of 140 random bits identifies the passphrase, and does not help an attacker to guess it.
  const hash = createHash('sha256').update(`passphrase ${passphrase}`).digest('hex')
  return `npm run deploy, passphrase ${hash.slice(0, 32)}`
}

/** Also the files of a killed run. */
export function forgetSecrets(worker: string): void {
  for (const file of [keptFile(worker), ...uploadFiles(worker)]) rmSync(file, { force: true })
}

/** Gives these to wrangler in a file, because other users of this computer can see the arguments of a program. */
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

// For this process only: another one may run with other secrets.
function uploadFile(worker: string): string {
  return join(FOLDER, `${worker}.${process.pid}.upload.json`)
}

function uploadFiles(worker: string): string[] {
  return globSync(join(FOLDER, `${worker}.*upload.json`))
}

// Write the file whole or not at all: a truncated one would lose its secrets.
function write(file: string, secrets: Secrets): void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify(secrets), { mode: 0o600 })
  renameSync(draft, file)
}

/**
 * A value for each of these secrets: a new one, or for a secret of another service (a client secret of GitHub) the one
 * from the environment or from the user. @throws Stopped
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

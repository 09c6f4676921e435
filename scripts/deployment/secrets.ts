// The secrets that a Worker lacks. What was made is kept in a file until the Worker has it, and the passphrase until it
// was shown, so that a deployment which was cut short is finished with the same values.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SECRETS } from '../setup.ts'
import { askSecret, canAsk, Stopped } from './terminal.ts'

const FOLDER = join('.wrangler', 'deployment')

export type Secrets = Readonly<Record<string, string>>

/** What an earlier run has made and not brought to its end. */
export function keptSecrets(worker: string): Secrets {
  const file = keptFile(worker)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

export function keepSecrets(worker: string, secrets: Secrets): void {
  write(keptFile(worker), secrets)
}

/**
 * Forgets those that the Worker has by now, so that one which is taken from it later is made anew; but for the
 * passphrase, which is yet to be shown.
 */
export function forgetUploaded(worker: string, uploaded: ReadonlySet<string>): void {
  const kept = Object.entries(keptSecrets(worker))
  keepSecrets(
    worker,
    Object.fromEntries(kept.filter(([name]) => name === 'OWNER_PASSPHRASE' || !uploaded.has(name))),
  )
}

/** Also what a run that was killed could not take away. */
export function forgetSecrets(worker: string): void {
  for (const file of [keptFile(worker), uploadFile(worker)]) rmSync(file, { force: true })
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

function uploadFile(worker: string): string {
  return join(FOLDER, `${worker}.upload.json`)
}

function write(file: string, secrets: Secrets): void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 })
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
